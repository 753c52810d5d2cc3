import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { Copy } from "../../parts/Copy";
import { Facts } from "../../parts/Facts";
import { Loaded } from "../../parts/Loaded";
import { Status } from "../../parts/Status";
import { Time } from "../../parts/Time";
import { paths } from "../../paths";
import { Link } from "../../router";
import type { PageProps } from "..";
import { Actions } from "./Actions";
import { Attempts } from "./Attempts";
import { Neighbourhood } from "./Neighbourhood";
import { requestedWords } from "./requests";

export type TaskHeader = Answer<"/api/v1/tasks/{task_id}">;

/** One task: what it is, what became of its attempts, what they said, and what stands beside it. */
export default function TaskPage({ params }: PageProps) {
  const id = Number(params.id);
  const live = useLive<TaskHeader>(`tasks/${id}`);
  return <Loaded live={live}>{(task) => <Task task={task} refresh={live.refresh} />}</Loaded>;
}

function Task({ task, refresh }: { task: TaskHeader; refresh: () => void }) {
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <Link to={paths.workflow(task.workflow_id)}>
          {task.tool}: {task.workflow || `workflow ${task.workflow_id}`}
        </Link>{" "}
        › <Link to={paths.template(task.workflow_id, task.template)}>{task.template}</Link>
      </nav>
      <div class="row">
        <h1>
          {task.name} <small class="quiet">task {task.id}</small>
        </h1>
        <span class="big">
          <Status status={task.status} meaning={task.meaning} />
        </span>
        <span class="quiet">
          <Time at={task.status_date} />
        </span>
        <span class="push">{task.may_act && <Actions task={task} done={refresh} />}</span>
      </div>
      <p class="quiet">{task.meaning}</p>
      {task.waiting?.map((each) => (
        <p key={each.reason} class="note">
          Tasks of {task.template} wait in the queue: <b>{each.reason}</b>. {each.why} {each.remedy}
        </p>
      ))}
      <Facts
        facts={[
          ["Attempts in its last run", `${task.attempts} of ${task.max_attempts}`],
          ["Asks for", task.requested ? requestedWords(task.requested) : null],
          ["Resources are said by", task.resource_function && <code>{task.resource_function}</code>],
          ...Object.entries(task.node_args).map(([name, value]) => [`${name} (node arg)`, value] as const),
          ...Object.entries(task.task_args).map(([name, value]) => [`${name} (task arg)`, value] as const),
          ...Object.entries(task.attributes).map(([name, value]) => [`${name} (attribute)`, value] as const),
        ]}
      />
      <section class="panel" aria-label="Command">
        <div class="row">
          <h2>Command</h2>
          <Copy text={task.command} what="the command" />
        </div>
        <pre class="command" tabIndex={0}>
          {task.command}
        </pre>
      </section>
      <Attempts task={task} />
      <Neighbourhood task={task} />
      <Story task={task} />
    </>
  );
}

function Story({ task }: { task: TaskHeader }) {
  const story = task.story ?? [];
  if (!story.length) return null;
  return (
    <details class="panel">
      <summary>
        <h2>Its story</h2>
      </summary>
      <ol class="story">
        {story.map((change, place) => (
          <li key={place}>
            <Time at={change.at} exact /> <Status status={change.previous} /> → <Status status={change.new} />
          </li>
        ))}
      </ol>
    </details>
  );
}
