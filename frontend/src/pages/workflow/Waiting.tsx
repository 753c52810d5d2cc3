import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { FileButtons } from "../../parts/FileButtons";
import { Loaded } from "../../parts/Loaded";
import { Time } from "../../parts/Time";
import { paths } from "../../paths";
import { Link } from "../../router";
import { count, counted } from "../../words/numbers";
import type { Workflow } from "./shapes";

type Waits = Answer<"/api/v1/workflows/{workflow_id}/waiting">;

const HEAD = ["template", "tasks", "why", "remedy", "reason", "since"];

const rowOf = (each: Waits["waiting"][number]) => [
  ...[each.template, each.tasks, each.why, each.remedy, each.reason, each.since],
];

/** Who runs the workflow, and what its tasks wait for. */
export function Waiting({ workflow }: { workflow: Workflow }) {
  const live = useLive<Waits>(`workflows/${workflow.id}/waiting`, { active: workflow.is_active });
  return (
    <section class="panel waiting" aria-label="Why waiting">
      <div class="row">
        <h2>What it waits for</h2>
        <span class="push">
          <FileButtons
            name={`workflow-${workflow.id}-waiting`}
            head={HEAD}
            rows={() => (live.value?.waiting ?? []).map(rowOf)}
          />
        </span>
      </div>
      <Loaded live={live}>
        {(waits) => (
          <>
            <p>{waits.who}</p>
            {Object.keys(waits.running).length > 0 && (
              <p class="quiet">
                Running:{" "}
                {Object.entries(waits.running)
                  .map(([name, tasks]) => `${count(tasks)} ${name}`)
                  .join(", ")}
              </p>
            )}
            {waits.waiting.length === 0 && <p class="quiet">Nothing waits.</p>}
            <ul tabIndex={0} aria-label="What tasks wait for">
              {waits.waiting.map((each, place) => (
                <li key={place}>
                  <b>{counted(each.tasks, "task")}</b> of{" "}
                  <Link to={paths.template(workflow.id, each.template)}>{each.template}</Link>: {each.why}{" "}
                  {each.reason && <code>{each.reason}</code>}{" "}
                  {each.since && (
                    <span class="quiet">
                      <Time at={each.since} />
                    </span>
                  )}
                  {each.remedy && <span class="below">{each.remedy}</span>}
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </section>
  );
}
