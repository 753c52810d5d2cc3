import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { Later } from "../../parts/Later";
import { Loaded } from "../../parts/Loaded";
import { useQuery } from "../../router";
import type { Workflow } from "./shapes";

export type ActivityAnswer = Answer<"/api/v1/workflows/{workflow_id}/activity">;

const charts = () => import("./ActivityCharts").then((module) => module.ActivityCharts);

/** How many tasks were done in each stretch of time, and how many ran and waited. */
export function Activity({ workflow }: { workflow: Workflow }) {
  const [query, change] = useQuery();
  const live = useLive<ActivityAnswer>(`workflows/${workflow.id}/activity`, { active: workflow.is_active });
  const names = workflow.templates.map(({ name }) => name);
  const chosen = names.find((name) => name === query.get("of")) ?? null;
  return (
    <section class="panel" aria-label="Over time">
      <div class="row">
        <h2>Over time</h2>
        <label class="push">
          Of{" "}
          <select
            value={chosen ?? ""}
            onChange={(event) => change({ of: event.currentTarget.value || null })}
          >
            <option value="">all templates</option>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <Loaded live={live}>
        {(activity) =>
          activity.begin === null ? (
            <p class="quiet">Nothing has happened yet.</p>
          ) : (
            <Later load={charts} with={{ activity, chosen }} />
          )
        }
      </Loaded>
    </section>
  );
}
