import type { Answer } from "../../api/client";
import { DataTable } from "../../parts/DataTable";
import { FileButtons } from "../../parts/FileButtons";
import { Status } from "../../parts/Status";
import { type Column, Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { paths } from "../../paths";
import { Link } from "../../router";
import type { Workflow } from "./shapes";

type Run = Workflow["runs"][number];
type Action = Answer<"/api/v1/workflows/{workflow_id}/actions">["items"][number];

const RUNS: readonly Column<Run>[] = [
  { key: "id", title: "Run", isNumber: true, cell: (it) => it.id },
  { key: "user", title: "Started by", cell: (it) => it.user },
  { key: "status", title: "Status", cell: (it) => <Status status={it.status} /> },
  { key: "began", title: "Began", cell: (it) => <Time at={it.created_date} exact /> },
  { key: "since", title: "Since", cell: (it) => <Time at={it.status_date} /> },
  { key: "controller", title: "Controller", cell: (it) => it.controller ?? "" },
  { key: "version", title: "Version", cell: (it) => it.version },
  {
    key: "airflow",
    title: "In Airflow",
    cell: (it) =>
      it.airflow.map((each) => (
        <span key={`${each.task_id} ${each.map_index}`} class="below">
          {each.dag_id} · {each.run_id} · {each.task_id}
          {each.map_index >= 0 && ` [${each.map_index}]`}, try {each.try_number}
        </span>
      )),
  },
];

const ACTIONS: readonly Column<Action>[] = [
  { key: "when", title: "When", cell: (it) => <Time at={it.action_date} exact /> },
  { key: "user", title: "Who", cell: (it) => it.user },
  { key: "action", title: "What", cell: (it) => it.action },
  { key: "detail", title: "With what", cell: (it) => it.detail },
  {
    key: "task",
    title: "Task",
    isNumber: true,
    cell: (it) => it.task_id !== null && <Link to={paths.task(it.task_id)}>{it.task_id}</Link>,
  },
];

const HEAD = ["run", "user", "status", "began", "since", "controller", "version", "in_airflow"];

const rowOf = (run: Run) => [
  ...[run.id, run.user, run.status, run.created_date, run.status_date, run.controller, run.version],
  run.airflow.map(({ dag_id, run_id, task_id }) => `${dag_id}/${run_id}/${task_id}`).join(" "),
];

/** Who ran it and when, and what people ordered. */
export function Runs({ workflow }: { workflow: Workflow }) {
  return (
    <>
      <section class="panel" aria-label="Runs">
        <div class="row">
          <h2>Runs</h2>
          <span class="push">
            <FileButtons
              name={`workflow-${workflow.id}-runs`}
              head={HEAD}
              rows={() => workflow.runs.map(rowOf)}
            />
          </span>
        </div>
        <Table
          columns={RUNS}
          rows={workflow.runs}
          rowKey={(run) => run.id}
          caption="Runs, the last one first"
          empty="Nobody has run it yet."
        />
      </section>
      <section class="panel" aria-label="Orders">
        <h2>What people ordered</h2>
        <DataTable<Action>
          path={`workflows/${workflow.id}/actions`}
          columns={ACTIONS}
          rowKey={(action) => action.id}
          caption="What people ordered in these pages, newest first"
          empty="Nothing was ordered in these pages."
          active={workflow.is_active}
          limit={10}
          name="orders"
        />
      </section>
    </>
  );
}
