import type { Answer } from "../../api/client";
import { DataTable } from "../../parts/DataTable";
import { type FilterKind, Filters } from "../../parts/Filters";
import { Legend, Progress } from "../../parts/Progress";
import { Status } from "../../parts/Status";
import type { Column } from "../../parts/Table";
import { Time, useNow } from "../../parts/Time";
import { paths } from "../../paths";
import { Link, useQuery } from "../../router";
import { etaWords } from "../../words/eta";
import { hours, percent } from "../../words/numbers";

type Row = Answer<"/api/v1/workflows">["items"][number];

const STATUSES = [
  "REGISTERING",
  "QUEUED",
  "INSTANTIATING",
  "LAUNCHED",
  "RUNNING",
  "DONE",
  "FAILED",
  "ABORTED",
  "HALTED",
];

const FILTERS: readonly FilterKind[] = [
  { key: "user", title: "User", hint: "who ran it at some time; press / to come here" },
  { key: "tool", title: "Tool" },
  { key: "name", title: "Name", hint: "any part of the name" },
  { key: "args", title: "Args", hint: "any part of the workflow args" },
  { key: "attribute", title: "Attribute", hint: "name, or name=value" },
  { key: "status", title: "Status", choices: STATUSES },
  { key: "id", title: "Id", input: "number" },
  { key: "from", title: "Bound from", input: "date", negatable: false, isSingle: true },
  { key: "to", title: "Bound before", input: "date", negatable: false, isSingle: true },
  { key: "dag_id", title: "DAG", negatable: false, isSingle: true },
];
const KEYS = new Set(FILTERS.flatMap(({ key }) => [key, `${key}!`]));

const columns: readonly Column<Row>[] = [
  {
    key: "name",
    title: "Workflow",
    cell: (it) => (
      <>
        <Link to={paths.workflow(it.id)}>{it.name || `workflow ${it.id}`}</Link>
        <span class="below">
          {it.id} · {it.tool}
        </span>
      </>
    ),
  },
  {
    key: "args",
    title: "Args",
    cell: (it) => (
      <span class="clipped" title={it.args}>
        {it.args}
      </span>
    ),
  },
  { key: "owner", title: "Owner", cell: (it) => it.owner ?? "" },
  {
    key: "status",
    title: "Status",
    cell: (it) => (
      <>
        <Status status={it.status} />
        <span class="below">
          <Time at={it.status_date} />
        </span>
      </>
    ),
  },
  { key: "progress", title: "Progress", cell: (it) => <Progress counts={it.counts} /> },
  {
    key: "eta",
    title: "Over in",
    hint: "The likely time, and the range in which it mostly lies",
    cell: (it) => it.eta && <Over eta={it.eta} />,
  },
  {
    key: "hours",
    title: "Core-hours",
    isNumber: true,
    hint: "Of the cores that were asked for",
    cell: (it) => (it.spent.attempts ? hours(it.spent.core_hours) : ""),
  },
  {
    key: "waste",
    title: "Unused",
    hint: "The share of the cores and of the memory that was asked for and not used",
    cell: (it) => <Unused row={it} />,
  },
  {
    key: "error",
    title: "Last error",
    cell: (it) =>
      it.last_error && (
        <Link to={paths.errors(it.id)} class="clipped error" title={it.last_error}>
          {it.last_error}
        </Link>
      ),
  },
];

function Over({ eta }: { eta: NonNullable<Row["eta"]> }) {
  return <span class="nowrap">{etaWords(eta, useNow(30_000))}</span>;
}

function Unused({ row: { spent } }: { row: Row }) {
  if (spent.wasted_cores === null && spent.wasted_memory === null) return null;
  return (
    <span class="nowrap">
      {percent(spent.wasted_cores)} cores
      <span class="below">{percent(spent.wasted_memory)} memory</span>
    </span>
  );
}

/** All workflows that the reader may see. */
export default function WorkflowsPage() {
  const [query] = useQuery();
  const question = new URLSearchParams([...query].filter(([key]) => KEYS.has(key)));
  return (
    <>
      <div class="row">
        <h1>Workflows</h1>
        <span class="push">
          <Legend />
        </span>
      </div>
      <Filters kinds={FILTERS} />
      <DataTable
        path="workflows"
        question={question}
        columns={columns}
        rowKey={(row) => row.id}
        caption="Workflows, newest first"
        empty={question.size ? "No workflow is like that." : "There is no workflow yet that you may see."}
      />
    </>
  );
}
