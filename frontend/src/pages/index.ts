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
  // Where Airflow's tab of a DAG leads.
  { form: "/dag", title: () => "Workflows", load: () => import("./workflows/WorkflowsPage") },
  {
    form: "/workflow/:id",
    title: ({ id }) => `Workflow ${id}`,
    load: () => import("./workflow/WorkflowPage"),
  },
  {
    form: "/workflow/:id/tasks",
    title: ({ id }) => `Tasks of workflow ${id}`,
    load: () => import("./tasks/TasksPage"),
  },
  {
    form: "/workflow/:id/errors",
    title: ({ id }) => `Errors of workflow ${id}`,
    load: () => import("./errors/ErrorsPage"),
  },
  {
    form: "/workflow/:id/timeline",
    title: ({ id }) => `Timeline of workflow ${id}`,
    load: () => import("./timeline/TimelinePage"),
  },
  { form: "/usage", title: () => "Usage over time", load: () => import("./usage/UsagePage") },
  {
    form: "/workflow/:id/template/:name",
    title: ({ name }) => `Template ${name}`,
    load: () => import("./template/TemplatePage"),
  },
  { form: "/task/:id", title: ({ id }) => `Task ${id}`, load: () => import("./task/TaskPage") },
];
