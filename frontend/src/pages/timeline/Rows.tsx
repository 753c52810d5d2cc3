import { FileButtons } from "../../charts/FileButtons";
import { type Column, Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { count } from "../../words/numbers";
import { span } from "../../words/times";
import type { Timeline, TimelineRow } from "./shapes";

/** What the rows of the picture come to. */
export function Rows({ timeline }: { timeline: Timeline }) {
  return (
    <div class="table">
      <Table
        columns={COLUMNS}
        rows={timeline.rows}
        rowKey={(row) => row.name}
        caption={`Waiting and running by ${timeline.by}`}
        empty="Nothing was attempted yet."
      />
      <footer>
        <span />
        <FileButtons
          name={`workflow-${timeline.workflow_id}-timeline-by-${timeline.by}`}
          head={HEAD}
          rows={() => timeline.rows.map(cellsOf)}
        />
      </footer>
    </div>
  );
}

const seconds = (value: number | undefined) => (value === undefined ? "–" : span(value));

const COLUMNS: readonly Column<TimelineRow>[] = [
  { key: "name", title: "", cell: (row) => row.name },
  { key: "attempts", title: "Attempts", isNumber: true, cell: (row) => count(Math.round(row.attempts)) },
  { key: "begin", title: "From", cell: (row) => <Time at={row.begin} exact /> },
  { key: "end", title: "To", cell: (row) => <Time at={row.end} exact /> },
  { key: "waited", title: "Waited, half below", isNumber: true, cell: (row) => seconds(row.waited?.median) },
  { key: "waited95", title: "95 % below", isNumber: true, cell: (row) => seconds(row.waited?.p95) },
  { key: "waitedMost", title: "at most", isNumber: true, cell: (row) => seconds(row.waited?.max) },
  { key: "ran", title: "Ran, half below", isNumber: true, cell: (row) => seconds(row.ran?.median) },
  { key: "ran95", title: "95 % below", isNumber: true, cell: (row) => seconds(row.ran?.p95) },
  { key: "ranMost", title: "at most", isNumber: true, cell: (row) => seconds(row.ran?.max) },
];

const HEAD = [
  "name",
  "attempts",
  "begin",
  "end",
  "waited_median",
  "waited_p95",
  "waited_max",
  "ran_median",
  "ran_p95",
  "ran_max",
];

const cellsOf = ({ name, attempts, begin, end, waited, ran }: TimelineRow) => [
  name,
  Math.round(attempts),
  begin,
  end,
  ...[waited, ran].flatMap((spread) => [spread?.median, spread?.p95, spread?.max]),
];
