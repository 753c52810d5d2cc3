import { FileButtons } from "../../parts/FileButtons";
import { Progress } from "../../parts/Progress";
import { type Column, Table } from "../../parts/Table";
import { paths } from "../../paths";
import { Link } from "../../router";
import { limitWords } from "../../words/limits";
import { count, hours, percent } from "../../words/numbers";
import { BUCKETS } from "../../words/statuses";
import type { Workflow } from "./shapes";

type Template = Workflow["templates"][number];

const columns = (workflow: number): readonly Column<Template>[] => [
  {
    key: "name",
    title: "Template",
    cell: (it) => <Link to={paths.template(workflow, it.name)}>{it.name}</Link>,
  },
  {
    key: "tasks",
    title: "Tasks",
    isNumber: true,
    cell: (it) => (
      <Link to={paths.tasks(workflow, `${new URLSearchParams({ template: it.name })}`)}>
        {count(it.tasks)}
      </Link>
    ),
  },
  { key: "progress", title: "Progress", cell: (it) => <Progress counts={it.counts} /> },
  { key: "limit", title: "At a time", cell: (it) => limitWords(it.limit) ?? "" },
  {
    key: "hours",
    title: "Core-hours",
    isNumber: true,
    cell: (it) => (it.spent.attempts ? hours(it.spent.core_hours) : ""),
  },
  {
    key: "cores",
    title: "Unused cores",
    isNumber: true,
    cell: (it) => (it.spent.wasted_cores === null ? "" : percent(it.spent.wasted_cores)),
  },
  {
    key: "memory",
    title: "Unused memory",
    isNumber: true,
    cell: (it) => (it.spent.wasted_memory === null ? "" : percent(it.spent.wasted_memory)),
  },
];

const HEAD = [
  ...["template", "tasks", ...BUCKETS.map((bucket) => bucket.toLowerCase()), "limit"],
  ...["attempts", "core_hours", "memory_hours", "unused_cores", "unused_memory"],
];

const rowsOf = ({ templates }: Workflow) =>
  templates.map(({ name, tasks, counts, limit, spent }) => [
    ...[name, tasks, ...BUCKETS.map((bucket) => counts[bucket] ?? 0), limit],
    ...[spent.attempts, spent.core_hours, spent.memory_hours, spent.wasted_cores, spent.wasted_memory],
  ]);

/** How far each template is, and what it cost. */
export function Templates({ workflow }: { workflow: Workflow }) {
  return (
    <section class="panel" aria-label="Templates">
      <div class="row">
        <h2>Templates</h2>
        <span class="push">
          <FileButtons name={`workflow-${workflow.id}-templates`} head={HEAD} rows={() => rowsOf(workflow)} />
        </span>
      </div>
      <Table
        columns={columns(workflow.id)}
        rows={workflow.templates}
        rowKey={(template) => template.name}
        caption="Templates, those that wait for others behind them"
        empty="It has no template yet."
      />
    </section>
  );
}
