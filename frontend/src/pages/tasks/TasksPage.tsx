import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { DataTable } from "../../parts/DataTable";
import { type FilterKind, Filters } from "../../parts/Filters";
import { Status } from "../../parts/Status";
import type { Column } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { WorkflowTabs } from "../../parts/WorkflowTabs";
import { paths } from "../../paths";
import { Link, useQuery } from "../../router";
import { TASK_LETTERS } from "../../words/statuses";
import type { PageProps } from "..";
import { Crumbs } from "../workflow/Crumbs";
import type { Workflow } from "../workflow/shapes";

type Row = Answer<"/api/v1/workflows/{workflow_id}/tasks">["items"][number];

const STATUSES = [
  ...["PENDING", "SCHEDULED", "FATAL"],
  ...Object.values(TASK_LETTERS).map(({ status }) => status),
];

/** The tasks of a workflow as a table. */
export default function TasksPage({ params }: PageProps) {
  const id = Number(params.id);
  const { value: workflow } = useLive<Workflow>(`workflows/${id}`);
  const [query] = useQuery();
  const templates = workflow?.templates.map(({ name }) => name) ?? [];
  const question = new URLSearchParams([...query].filter(([key]) => isFilter(key)));
  return (
    <>
      <Crumbs workflow={workflow} id={id} />
      <WorkflowTabs id={id} />
      <h1>Tasks</h1>
      <Filters kinds={filters(templates, argsIn(query))} prefixes={["arg."]} />
      <DataTable<Row>
        path={`workflows/${id}/tasks`}
        question={question}
        columns={columns(id)}
        rowKey={(row) => row.id}
        caption={`Tasks of workflow ${id}`}
        empty={question.size ? "No task is like that." : "It has no task yet."}
        active={workflow?.is_active}
      />
    </>
  );
}

const KEYS = ["template", "status", "name", "id", "error"];
const isFilter = (key: string) => key.startsWith("arg.") || KEYS.includes(key.replace(/!$/, ""));

function argsIn(query: URLSearchParams): string[] {
  return [...query.keys()].filter((key) => key.startsWith("arg.")).map((key) => key.replace(/!$/, ""));
}

const filters = (templates: readonly string[], args: readonly string[]): readonly FilterKind[] => [
  { key: "status", title: "Status", choices: STATUSES },
  { key: "template", title: "Template", choices: templates },
  { key: "name", title: "Name", hint: "any part of the name" },
  { key: "id", title: "Id", input: "number", negatable: false },
  { key: "error", title: "Error group", input: "number", negatable: false, isSingle: true },
  { key: "arg.", title: "Node arg", hint: "name=value", isPair: true },
  ...[...new Set(args)].map((key) => ({ key, title: key.replace(/^arg\./, ""), isHidden: true })),
];

const columns = (workflow: number): readonly Column<Row>[] => [
  {
    key: "name",
    title: "Task",
    cell: (it) => (
      <>
        <Link to={paths.task(it.id)}>{it.name}</Link>
        <span class="below">{it.id}</span>
      </>
    ),
  },
  {
    key: "template",
    title: "Template",
    cell: (it) => <Link to={paths.template(workflow, it.template)}>{it.template}</Link>,
  },
  { key: "status", title: "Status", cell: (it) => <Status status={it.status} /> },
  { key: "since", title: "Since", cell: (it) => <Time at={it.status_date} /> },
  {
    key: "attempts",
    title: "Attempts",
    isNumber: true,
    cell: (it) => `${it.attempts} of ${it.max_attempts}`,
  },
  {
    key: "args",
    title: "Node args",
    cell: (it) =>
      Object.entries(it.node_args).map(([name, value]) => (
        <span key={name} class="arg">
          {name}=<b>{value}</b>
        </span>
      )),
  },
];
