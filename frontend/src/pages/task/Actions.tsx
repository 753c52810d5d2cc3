import { useState } from "preact/hooks";
import { Confirm } from "../../parts/Dialog";
import { useOrders } from "../../parts/useOrders";
import { count } from "../../words/numbers";
import type { TaskHeader } from "./TaskPage";

/** What may be done to a task. */
export function Actions({ task, done }: { task: TaskHeader; done: () => void }) {
  const [open, setOpen] = useState<"done" | "again" | null>(null);
  const { said, order } = useOrders(`tasks/${task.id}`, done);
  const [downstream, setDownstream] = useState(true);
  return (
    <span class="row">
      {said && <span class="said">{said}</span>}
      <button type="button" disabled={task.status === "DONE"} onClick={() => setOpen("done")}>
        Mark as done…
      </button>
      <button type="button" onClick={() => setOpen("again")}>
        Run again…
      </button>
      {open === "done" && (
        <Confirm
          title={`Mark task ${task.id} as done`}
          action="Mark as done"
          isDangerous
          run={() => order("done", {})}
          onClose={() => setOpen(null)}
        >
          <p>
            <b>{task.name}</b> counts as done without having run (again). Tasks that wait for it begin when
            the workflow is resumed, and find whatever results are there now.
          </p>
        </Confirm>
      )}
      {open === "again" && (
        <Confirm
          title={`Run task ${task.id} again`}
          action="Run again"
          run={() => order("again", { downstream })}
          onClose={() => setOpen(null)}
        >
          <p>
            <b>{task.name}</b> is set back, with all its attempts, and runs when the workflow is resumed.
          </p>
          <label>
            <input
              type="checkbox"
              checked={downstream}
              onChange={(event) => setDownstream(event.currentTarget.checked)}
            />{" "}
            also every task that depends on it ({count(task.downstream.count)} directly)
          </label>
        </Confirm>
      )}
    </span>
  );
}
