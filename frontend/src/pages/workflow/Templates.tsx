import { api } from "../../api/client";
import { Progress } from "../../parts/Progress";
import { type Column, Table } from "../../parts/Table";
import { paths } from "../../paths";
import { Link } from "../../router";
import { count, percent, short } from "../../words/numbers";
import { limitWords, type Workflow } from "./WorkflowPage";

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
    cell: (it) => (it.spent.attempts ? short(it.spent.core_hours) : ""),
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

/** How far each template is, and what it cost. */
export function Templates({ workflow }: { workflow: Workflow }) {
  return (
    <section class="panel" aria-label="Templates">
      <div class="row">
        <h2>Templates</h2>
        <span class="push downloads">
          <a href={api(`workflows/${workflow.id}?format=csv`)} download={`workflow-${workflow.id}.csv`}>
            CSV
          </a>
          <a href={api(`workflows/${workflow.id}`)} download={`workflow-${workflow.id}.json`}>
            JSON
          </a>
        </span>
      </div>
      <div class="table">
        <Table
          columns={columns(workflow.id)}
          rows={workflow.templates}
          rowKey={(template) => template.name}
          caption="Templates, those that wait for others behind them"
          empty="It has no template yet."
        />
      </div>
    </section>
  );
}
