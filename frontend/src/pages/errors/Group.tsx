import { DataTable } from "../../parts/DataTable";
import { Facts } from "../../parts/Facts";
import { Status } from "../../parts/Status";
import type { Column } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { paths } from "../../paths";
import { Link } from "../../router";
import { cleanedLine } from "../../trace/clean";
import { Trace } from "../../trace/Trace";
import { count, percent } from "../../words/numbers";
import type { ErrorGroup, FailedAttempt } from "./shapes";

interface Props {
  id: number;
  workflowId: number;
  /** Of a group that is on another page of the table, only the attempts are shown. */
  group: ErrorGroup | undefined;
  isActive: boolean;
}

/** A group of errors: what the latest attempt said, where they failed, and all of them. */
export function Group({ id, workflowId, group, isActive }: Props) {
  return (
    <section class="panel" aria-label="The chosen error">
      {group && <Sample group={group} workflowId={workflowId} />}
      <div class="row">
        <h3>Attempts that failed like this</h3>
        <Link to={paths.tasks(workflowId, `error=${id}`)}>Their tasks, to filter further</Link>
      </div>
      <DataTable<FailedAttempt>
        path={`workflows/${workflowId}/errors/${id}/tasks`}
        columns={COLUMNS}
        rowKey={(row) => row.attempt_id}
        caption="Attempts that failed like this"
        empty="There is none any more."
        active={isActive}
        limit={25}
        name="tasks"
      />
    </section>
  );
}

function Sample({ group, workflowId }: { group: ErrorGroup; workflowId: number }) {
  const { sample } = group;
  const label = `What attempt ${sample.attempt_id} said`;
  return (
    <>
      <h2 class="error-title">{cleanedLine(sample.telling || group.text)}</h2>
      <Facts
        facts={[
          [
            "The latest was",
            <Link key="task" to={paths.task(sample.task_id)}>{`task ${sample.task_id}`}</Link>,
          ],
          [
            "Template",
            <Link key="template" to={paths.template(workflowId, sample.template)}>
              {sample.template}
            </Link>,
          ],
          ["When", <Time key="time" at={sample.at} exact />],
          ["Node", sample.node],
          ["Verdict", sample.verdict],
          ["Exit code", sample.exit_code],
        ]}
      />
      <Trace text={sample.text} label={label} />
      <Nodes group={group} />
    </>
  );
}

/** Where they failed. */
function Nodes({ group }: { group: ErrorGroup }) {
  if (!group.nodes.length) return null;
  const others = group.node_count - group.nodes.length;
  return (
    <table class="plain nodes">
      <caption>
        Nodes on which they failed
        {group.looked_at < group.attempts && `, of ${count(group.looked_at)} that were looked at`}
      </caption>
      <tbody>
        {group.nodes.map(({ name, attempts, share }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number">{count(attempts)}</td>
            <td class="share">
              <span style={{ width: `${100 * share}%` }} aria-hidden="true" />
            </td>
            <td>{percent(share)}</td>
          </tr>
        ))}
        {others > 0 && (
          <tr>
            <th scope="row">{count(others)} other nodes</th>
          </tr>
        )}
      </tbody>
    </table>
  );
}

const COLUMNS: readonly Column<FailedAttempt>[] = [
  {
    key: "task",
    title: "Task",
    cell: (row) => <Link to={paths.task(row.task_id)}>{row.task_name || row.task_id}</Link>,
  },
  { key: "template", title: "Template", cell: (row) => row.template },
  { key: "status", title: "The task now", cell: (row) => <Status status={row.task_status} /> },
  { key: "verdict", title: "Verdict", cell: (row) => row.verdict },
  { key: "exit", title: "Exit code", isNumber: true, cell: (row) => row.exit_code },
  { key: "node", title: "Node", cell: (row) => row.node },
  { key: "run", title: "Run", isNumber: true, cell: (row) => row.workflow_run_id },
  { key: "at", title: "When", cell: (row) => <Time at={row.at} exact /> },
];
