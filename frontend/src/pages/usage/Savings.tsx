import { DataTable } from "../../parts/DataTable";
import type { Column } from "../../parts/Table";
import { paths } from "../../paths";
import { Link } from "../../router";
import { count, percent, short } from "../../words/numbers";
import type { Saving } from "./shapes";

/** Who could save most. */
export function Savings({ time }: { time: URLSearchParams }) {
  return (
    <section class="panel" aria-label="Who could save most">
      <h2>Who could save most</h2>
      <p class="quiet">
        What was asked for and not used. A template's page says what to ask for next time, and what that would
        have meant.
      </p>
      <DataTable<Saving>
        path="usage/savings"
        question={time}
        columns={COLUMNS}
        rowKey={(row) => `${row.tool} ${row.template} ${row.user}`}
        caption="Templates by user, those with most memory unused first"
        empty="No attempt ended in this time."
        limit={20}
        name="savings"
      />
    </section>
  );
}

const COLUMNS: readonly Column<Saving>[] = [
  { key: "tool", title: "Tool", cell: (row) => row.tool },
  {
    key: "template",
    title: "Template",
    cell: (row) => <Link to={paths.template(row.workflow_id, row.template)}>{row.template}</Link>,
  },
  { key: "user", title: "User", cell: (row) => row.user },
  { key: "attempts", title: "Attempts", isNumber: true, cell: (row) => count(row.amounts.attempts) },
  { key: "memory", title: "GiB hours unused", isNumber: true, cell: (row) => short(row.memory_hours_unused) },
  {
    key: "memoryShare",
    title: "share",
    isNumber: true,
    cell: (row) => percent(row.amounts.memory_unused),
  },
  { key: "cores", title: "Core-hours unused", isNumber: true, cell: (row) => short(row.core_hours_unused) },
  {
    key: "coreShare",
    title: "share",
    isNumber: true,
    cell: (row) => percent(row.amounts.cores_unused),
  },
  {
    key: "failed",
    title: "In failures",
    isNumber: true,
    cell: (row) => short(row.amounts.failed_core_hours),
  },
];
