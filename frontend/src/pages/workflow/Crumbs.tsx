import { paths } from "../../paths";
import { Link } from "../../router";
import type { Workflow } from "./shapes";

/** From all workflows to this one. */
export function Crumbs({ workflow, id }: { workflow: Workflow | null; id: number }) {
  return (
    <nav class="crumbs" aria-label="Where this is">
      <Link to={paths.workflows()}>Workflows</Link> › {workflow && `${workflow.tool} › `}
      <Link to={paths.workflow(id)}>{workflow?.name || `workflow ${id}`}</Link>
    </nav>
  );
}
