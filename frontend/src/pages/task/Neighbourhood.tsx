import { useState } from "preact/hooks";
import { Failure, get, type Schemas } from "../../api/client";
import { Problem } from "../../parts/Problem";
import { Shape, Status } from "../../parts/Status";
import { paths } from "../../paths";
import { Link } from "../../router";
import { count, counted } from "../../words/numbers";
import { BUCKETS, toneOf } from "../../words/statuses";
import type { TaskHeader } from "./TaskPage";

type Neighbours = Schemas["Neighbours"];

/** The tasks that a task waits for, itself, and those that wait for it. */
export function Neighbourhood({ task }: { task: TaskHeader }) {
  return (
    <section class="panel" aria-label="Neighbours">
      <h2>Neighbours</h2>
      <div class="neighbours">
        <Side title="It waits for" side="upstream" task={task} first={task.upstream} />
        <div class="self" aria-hidden="true">
          <span>→</span>
          <div class="card">
            <Status status={task.status} />
            <b>{task.name}</b>
            <span class="quiet">{task.template}</span>
          </div>
          <span>→</span>
        </div>
        <Side title="These wait for it" side="downstream" task={task} first={task.downstream} />
      </div>
    </section>
  );
}

interface SideProps {
  title: string;
  side: "upstream" | "downstream";
  task: TaskHeader;
  first: Neighbours;
}

function Side({ title, side, task, first }: SideProps) {
  const [more, setMore] = useState<Neighbours | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  // What was looked up besides the first ones stays as it was.
  const items = [...first.items, ...(more?.items ?? [])];
  const next = more ? more.next : first.next;
  const load = async () => {
    if (!next) return;
    try {
      const query = new URLSearchParams({ side, after: next, limit: "100" });
      const found = await get<Neighbours>(`tasks/${task.id}/neighbours?${query}`);
      setMore({ ...found, items: [...(more?.items ?? []), ...found.items] });
      setFailure(null);
    } catch (error) {
      setFailure(Failure.of(error));
    }
  };
  return (
    <div class="side">
      <h3>
        {title}: {first.count ? counted(first.count, "task") : "none"}
      </h3>
      {first.counts && first.count > 0 && (
        <p class="legend">
          {BUCKETS.filter((bucket) => first.counts?.[bucket]).map((bucket) => (
            <span key={bucket}>
              <Shape tone={toneOf(bucket)} /> {bucket.toLowerCase()}{" "}
              <b>{count(first.counts?.[bucket] ?? 0)}</b>
            </span>
          ))}
        </p>
      )}
      <ul>
        {items.map((each) => (
          <li key={each.id}>
            <Link to={paths.task(each.id)} class="card">
              <Status status={each.status} />
              <b>{each.name}</b>
              <span class="quiet">{each.template}</span>
            </Link>
          </li>
        ))}
      </ul>
      {failure && <Problem failure={failure} />}
      {next && (
        <button type="button" onClick={() => void load()}>
          More
        </button>
      )}
    </div>
  );
}
