import type { ComponentType } from "preact";

export interface PageProps {
  /** The parts of the path by name. */
  params: Record<string, string>;
}

export interface Route {
  form: string;
  /** What the page's title says first. */
  title: (params: Record<string, string>) => string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

/** All pages. Each is loaded when it is first asked for. */
export const routes: readonly Route[] = [
  { form: "/", title: () => "Workflows", load: () => import("./workflows/WorkflowsPage") },
  { form: "/task/:id", title: ({ id }) => `Task ${id}`, load: () => import("./task/TaskPage") },
];
