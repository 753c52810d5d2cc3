import "./errors.css";
import { useLive } from "../../api/live";
import { Downloads } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { type Column, Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { WorkflowTabs } from "../../parts/WorkflowTabs";
import { useQuery } from "../../router";
import { cleanedLine } from "../../trace/clean";
import { count, counted } from "../../words/numbers";
import type { PageProps } from "..";
import { Crumbs } from "../workflow/Crumbs";
import type { Workflow } from "../workflow/shapes";
import { Group } from "./Group";
import { concentration } from "./nodes";
import type { ErrorGroup, ErrorGroups } from "./shapes";

/** What went wrong in a workflow: attempts that failed alike, together. */
export default function ErrorsPage({ params }: PageProps) {
  const id = Number(params.id);
  const { value: workflow } = useLive<Workflow>(`workflows/${id}`);
  const [query] = useQuery();
  const after = query.get("after");
  const live = useLive<ErrorGroups>(
    `workflows/${id}/errors${after ? `?after=${encodeURIComponent(after)}` : ""}`,
    { keeps: true },
  );
  return (
    <>
      <Crumbs workflow={workflow} id={id} />
      <WorkflowTabs id={id} />
      <h1>Errors</h1>
      <Loaded live={live}>{(found) => <Groups found={found} />}</Loaded>
    </>
  );
}

function Groups({ found }: { found: ErrorGroups }) {
  const [query, change] = useQuery();
  const chosen = Number(query.get("group")) || null;
  const after = query.get("after");
  const group = found.items.find((each) => each.id === chosen);
  return (
    <>
      <p>
        {found.groups
          ? `${counted(found.attempts, "attempt")} failed, in ${counted(found.groups, "way")}.`
          : "No attempt has failed."}
      </p>
      <Table
        columns={columnsFor(
          (id) => change({ group: id === chosen ? null : String(id), "tasks.after": null }),
          chosen,
        )}
        rows={found.items}
        rowKey={(row) => row.id}
        caption="Errors in groups"
        empty="No attempt has failed."
        chosen={chosen}
      >
        <nav aria-label="Pages of errors">
          <button type="button" disabled={!after} onClick={() => change({ after: null })}>
            First page
          </button>
          <button type="button" disabled={!found.next} onClick={() => change({ after: found.next })}>
            Next
          </button>
        </nav>
        <Downloads path={`workflows/${found.workflow_id}/errors`} />
      </Table>
      {chosen !== null && (
        <Group
          key={chosen}
          id={chosen}
          workflowId={found.workflow_id}
          group={group}
          isActive={found.is_active}
        />
      )}
    </>
  );
}

const columnsFor = (choose: (id: number) => void, chosen: number | null): readonly Column<ErrorGroup>[] => [
  {
    key: "text",
    title: "Error",
    cell: (row) => (
      <>
        <button
          type="button"
          class="link error-text"
          aria-expanded={row.id === chosen}
          onClick={() => choose(row.id)}
        >
          {cleanedLine(row.text.slice(0, LONGEST))}
        </button>{" "}
        {row.is_new && <b class="badge new">new since the last run</b>}
      </>
    ),
  },
  { key: "attempts", title: "Attempts", isNumber: true, cell: (row) => count(row.attempts) },
  { key: "tasks", title: "Tasks", isNumber: true, cell: (row) => count(row.tasks) },
  {
    key: "fatal",
    title: "Failed for good",
    isNumber: true,
    cell: (row) => (row.fatal_tasks === null ? "–" : count(row.fatal_tasks)),
  },
  { key: "templates", title: "Templates", cell: (row) => templatesOf(row) },
  {
    key: "nodes",
    title: "Nodes",
    cell: (row) => (
      <>
        {row.node_count ? count(row.node_count) : "–"}{" "}
        {concentration(row) && <b class="badge">{concentration(row)}</b>}
      </>
    ),
  },
  { key: "first", title: "First seen", cell: (row) => <Time at={row.first_seen} /> },
  { key: "last", title: "Last seen", cell: (row) => <Time at={row.last_seen} /> },
];

const LONGEST = 160; // characters of a line of the table

function templatesOf({ templates }: ErrorGroup): string {
  const [first, ...others] = Object.keys(templates);
  return others.length ? `${first} and ${others.length} more` : (first ?? "");
}
