import { useState } from "preact/hooks";
import { post, type Schemas } from "../../api/client";
import { announce } from "../../parts/announce";
import { Confirm } from "../../parts/Dialog";
import type { TaskHeader } from "./TaskPage";

type Ordered = Schemas["Ordered"];

/** What may be done to a task. */
export function Actions({ task, done }: { task: TaskHeader; done: () => void }) {
  const [open, setOpen] = useState<"done" | "again" | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const [downstream, setDownstream] = useState(true);
  const order = async (path: string, body: unknown) => {
    const { message } = await post<Ordered>(`tasks/${task.id}/${path}`, body);
    setSaid(message);
    announce(message);
    done();
  };
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
            also every task that depends on it ({task.downstream.count.toLocaleString("en-US")} directly)
          </label>
        </Confirm>
      )}
    </span>
  );
}
