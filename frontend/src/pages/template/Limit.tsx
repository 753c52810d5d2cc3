import { useState } from "preact/hooks";
import { useOrders } from "../../parts/useOrders";
import { limitWords } from "../../words/limits";
import { LimitDialog } from "../workflow/LimitDialog";
import type { Workflow } from "../workflow/shapes";
import type { TemplateUse } from "./shapes";

interface Props {
  use: TemplateUse;
  workflow: Workflow | null;
  done: () => void;
}

/** How many tasks of the template may run at a time, and how to change it. */
export function Limit({ use, workflow, done }: Props) {
  const [isOpen, setOpen] = useState(false);
  const { said, order } = useOrders(`workflows/${use.workflow_id}`, done);
  return (
    <span class="row">
      {said && <span class="said">{said}</span>}
      <span class="quiet">{limitWords(use.limit) ?? "no limit"}</span>
      {workflow?.may_act && (
        <button type="button" onClick={() => setOpen(true)}>
          Limit…
        </button>
      )}
      {workflow && isOpen && (
        <LimitDialog
          workflow={workflow}
          template={use.name}
          now={use.limit}
          order={order}
          onClose={() => setOpen(false)}
        />
      )}
    </span>
  );
}
