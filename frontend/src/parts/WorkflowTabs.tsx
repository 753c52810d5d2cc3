import { paths } from "../paths";
import { Link, usePlace } from "../router";

/** The pages of a workflow. */
export function WorkflowTabs({ id }: { id: number }) {
  const { path } = usePlace();
  const tabs = [
    ["Overview", paths.workflow(id)],
    ["Tasks", paths.tasks(id)],
    ["Errors", paths.errors(id)],
    ["Timeline", paths.timeline(id)],
  ] as const;
  return (
    <nav class="subpages" aria-label={`Pages of workflow ${id}`}>
      {tabs.map(([title, to]) => (
        <Link key={to} to={to} aria-current={path === to ? "page" : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}
