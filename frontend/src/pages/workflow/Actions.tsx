import { useState } from "preact/hooks";
import { Confirm } from "../../parts/Dialog";
import { useOrders } from "../../parts/useOrders";
import { count } from "../../words/numbers";
import { LimitDialog } from "./LimitDialog";
import { ResumeDialog } from "./ResumeDialog";
import type { Workflow } from "./shapes";

type Open = "limit" | "pause" | "drain" | "kill" | "resume" | null;

interface Props {
  workflow: Workflow;
  done: () => void;
}

/** What may be done to a workflow. Each asks first. */
export function Actions({ workflow, done }: Props) {
  const [open, setOpen] = useState<Open>(null);
  const { said, tell, order } = useOrders(`workflows/${workflow.id}`, done);
  const close = () => setOpen(null);
  if (!workflow.may_act) return null;
  return (
    <span class="row">
      {said && <span class="said">{said}</span>}
      <button type="button" disabled={workflow.limit === 0} onClick={() => setOpen("pause")}>
        Pause…
      </button>
      <button type="button" onClick={() => setOpen("limit")}>
        {workflow.limit === 0 ? "Go on…" : "Limit…"}
      </button>
      {workflow.is_active ? (
        <>
          <button type="button" onClick={() => setOpen("drain")}>
            Stop…
          </button>
          <button type="button" onClick={() => setOpen("kill")}>
            Kill…
          </button>
        </>
      ) : null}
      {!workflow.is_complete && (
        <button type="button" class="primary" onClick={() => setOpen("resume")}>
          Resume…
        </button>
      )}
      {open === "pause" && (
        <Confirm
          title="Pause the workflow"
          action="Pause"
          run={() => order("limit", { limit: 0 })}
          onClose={close}
        >
          <p>
            Nothing more begins until you let it go on. What runs now, and what a cluster has in its queue, is
            not touched. The run heeds it within seconds.
          </p>
        </Confirm>
      )}
      {open === "limit" && <LimitDialog workflow={workflow} order={order} onClose={close} />}
      {open === "drain" && (
        <Confirm
          title="Stop the run when what runs is over"
          action="Stop"
          run={() => order("stop", { how: "drain" })}
          onClose={close}
        >
          <p>
            Nothing more begins. The run ends when what runs now is over, and the workflow can be resumed
            later.
          </p>
        </Confirm>
      )}
      {open === "kill" && (
        <Confirm
          title="End the run at once"
          action="End everything that runs"
          isDangerous
          run={() => order("stop", { how: "kill" })}
          onClose={close}
        >
          <p>
            <b>{count(workflow.counts.RUNNING ?? 0)}</b> tasks that run and{" "}
            <b>{count(workflow.counts.SCHEDULED ?? 0)}</b> that wait in a cluster's queue are ended. Their
            work so far is lost; they run again when the workflow is resumed.
          </p>
        </Confirm>
      )}
      {open === "resume" && <ResumeDialog workflow={workflow} tell={tell} onClose={close} />}
    </span>
  );
}
