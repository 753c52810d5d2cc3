import { FileButtons } from "../../parts/FileButtons";
import { type Column, Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { paths } from "../../paths";
import { Link } from "../../router";
import { count, counted } from "../../words/numbers";
import { span } from "../../words/times";
import type { CriticalPath, PathStep } from "./shapes";

type Total = CriticalPath["totals"][number];

/** What the workflow's length came from. */
export function Path({ path }: { path: CriticalPath }) {
  if (!path.steps.length) return null;
  return (
    <section class="panel" aria-label="Critical path">
      <h2>Critical path</h2>
      <p>
        {span(path.seconds)} went into {counted(path.steps.length, "task")} that waited for each other.{" "}
        {path.is_cut && "There were earlier ones. "}
        {path.is_active && "Tasks that still run may end later. "}
        Whatever makes these faster makes the workflow faster.
      </p>
      <Table
        columns={TOTALS}
        rows={path.totals}
        rowKey={(row) => row.template}
        caption="What the time went into, by template"
        empty=""
      >
        <span />
        <FileButtons
          name={`workflow-${path.workflow_id}-critical-path-by-template`}
          head={TOTALS_HEAD}
          rows={() => path.totals.map((total) => TOTALS_HEAD.map((name) => total[name]))}
        />
      </Table>
      <h3>Step by step</h3>
      <Table
        columns={STEPS}
        rows={path.steps}
        rowKey={(row) => row.task_id}
        caption="The tasks of the critical path"
        empty=""
      >
        <span />
        <FileButtons
          name={`workflow-${path.workflow_id}-critical-path`}
          head={HEAD}
          rows={() => path.steps.map((step) => HEAD.map((name) => step[name]))}
        />
      </Table>
    </section>
  );
}

interface Times {
  waited_to_begin: number;
  lost: number;
  queued: number;
  ran: number;
}

const times = <R extends Times>(): Column<R>[] => [
  {
    key: "idle",
    title: "Could not begin",
    isNumber: true,
    hint: "For a limit, a pause, or because nobody ran the workflow",
    cell: (row) => span(row.waited_to_begin),
  },
  { key: "lost", title: "Lost in failures", isNumber: true, cell: (row) => span(row.lost) },
  { key: "queued", title: "Waited at the cluster", isNumber: true, cell: (row) => span(row.queued) },
  { key: "ran", title: "Ran", isNumber: true, cell: (row) => span(row.ran) },
];

const TOTALS: readonly Column<Total>[] = [
  { key: "template", title: "Template", cell: (row) => row.template },
  { key: "steps", title: "Tasks", isNumber: true, cell: (row) => count(row.steps) },
  ...times<Total>(),
];

const STEPS: readonly Column<PathStep>[] = [
  {
    key: "task",
    title: "Task",
    cell: (row) => <Link to={paths.task(row.task_id)}>{row.task_name || row.task_id}</Link>,
  },
  { key: "template", title: "Template", cell: (row) => row.template },
  { key: "attempts", title: "Attempts", isNumber: true, cell: (row) => count(row.attempts) },
  ...times<PathStep>(),
  { key: "ended", title: "Ended", cell: (row) => <Time at={row.ended} exact /> },
];

const TOTALS_HEAD = ["template", "steps", "waited_to_begin", "lost", "queued", "ran"] as const;

const HEAD = [
  "task_id",
  "task_name",
  "template",
  "status",
  "node",
  "attempts",
  "ready",
  "submitted",
  "started",
  "ended",
  "waited_to_begin",
  "lost",
  "queued",
  "ran",
] as const;
