import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { Loaded } from "../../parts/Loaded";
import { Time } from "../../parts/Time";
import { paths } from "../../paths";
import { Link } from "../../router";
import { counted } from "../../words/numbers";
import type { Workflow } from "./shapes";

type Groups = Answer<"/api/v1/workflows/{workflow_id}/errors">;

/** The most frequent errors, in short. */
export function Errors({ workflow }: { workflow: Workflow }) {
  const live = useLive<Groups>(`workflows/${workflow.id}/errors?limit=5`, { active: workflow.is_active });
  return (
    <section class="panel" aria-label="Errors">
      <div class="row">
        <h2>Errors</h2>
        <span class="push">
          <Link to={paths.errors(workflow.id)}>All errors</Link>
        </span>
      </div>
      <Loaded live={live}>
        {({ items, groups, attempts }) => (
          <>
            <p class="quiet">
              {items.length
                ? `${counted(attempts, "attempt")} failed, in ${counted(groups, "way")}.`
                : "No attempt has failed."}
            </p>
            <ul class="errors">
              {items.map((group) => (
                <li key={group.id}>
                  <Link to={`${paths.errors(workflow.id)}?group=${group.id}`}>
                    <code>{group.text}</code>
                  </Link>
                  <span class="below">
                    {counted(group.attempts, "attempt")} of {counted(group.tasks, "task")}
                    {group.fatal_tasks ? `, ${counted(group.fatal_tasks, "task")} failed for good` : ""}; last{" "}
                    <Time at={group.last_seen} />
                    {group.is_new && <b class="new"> new since the last run</b>}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </section>
  );
}
