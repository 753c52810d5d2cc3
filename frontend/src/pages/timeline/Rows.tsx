import { FileButtons } from "../../parts/FileButtons";
import { type Column, Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { count } from "../../words/numbers";
import { span } from "../../words/times";
import type { Timeline, TimelineRow } from "./shapes";

/** What the rows of the picture come to. */
export function Rows({ timeline }: { timeline: Timeline }) {
  return (
    <Table
      columns={columnsBy(timeline.by)}
      rows={timeline.rows}
      rowKey={(row) => row.name}
      caption={`Waiting and running by ${timeline.by}`}
      empty="Nothing was attempted yet."
    >
      <span class="quiet">
        Of what is waited and run, half are below the first, 95 % below the second, and the third is the most.
      </span>
      <FileButtons
        name={`workflow-${timeline.workflow_id}-timeline-by-${timeline.by}`}
        head={HEAD}
        rows={() => timeline.rows.map(cellsOf)}
      />
    </Table>
  );
}

function spreadWords(spread: TimelineRow["ran"]): string {
  return spread ? [spread.median, spread.p95, spread.max].map(span).join(" · ") : "–";
}

const columnsBy = (by: string): readonly Column<TimelineRow>[] => [
  { key: "name", title: by, cell: (row) => row.name },
  { key: "attempts", title: "Attempts", isNumber: true, cell: (row) => count(Math.round(row.attempts)) },
  { key: "begin", title: "From", cell: (row) => <Time at={row.begin} exact /> },
  { key: "end", title: "To", cell: (row) => <Time at={row.end} exact /> },
  { key: "waited", title: "Waited", isNumber: true, hint: HINT, cell: (row) => spreadWords(row.waited) },
  { key: "ran", title: "Ran", isNumber: true, hint: HINT, cell: (row) => spreadWords(row.ran) },
];

const HINT = "Half are below the first, 95 % below the second, and the third is the most.";

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
