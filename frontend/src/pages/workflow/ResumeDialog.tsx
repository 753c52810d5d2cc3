import { useState } from "preact/hooks";
import { type Answer, post, type Schemas } from "../../api/client";
import { useLive } from "../../api/live";
import { Choice } from "../../parts/Choice";
import { Copy } from "../../parts/Copy";
import { Confirm, Dialog } from "../../parts/Dialog";
import { Loaded } from "../../parts/Loaded";
import { type Column, Table } from "../../parts/Table";
import { count } from "../../words/numbers";
import { requestedWords } from "../task/requests";
import type { Workflow } from "./shapes";

type Plan = Answer<"/api/v1/workflows/{workflow_id}/plan">;
type Resumed = Schemas["Resumed"];

interface Props {
  workflow: Workflow;
  tell: (message: string) => void;
  onClose: () => void;
}

const HOWS = { hot: "Hot: take over what still runs", cold: "Cold: end what still runs first" } as const;

/** Shows what a resume would do, and then does it. */
export function ResumeDialog({ workflow, tell, onClose }: Props) {
  const [how, setHow] = useState<keyof typeof HOWS>("hot");
  const [increase, setIncrease] = useState(true);
  const [failFast, setFailFast] = useState(false);
  const [answer, setAnswer] = useState<Resumed | null>(null);
  const plan = useLive<Plan>(`workflows/${workflow.id}/plan?how=${how}&increase_resources=${increase}`);
  if (answer?.command) return <ByHand answer={answer} command={answer.command} onClose={onClose} />;
  const run = async () => {
    const body = { how, increase_resources: increase, fail_fast: failFast };
    const resumed = await post<Resumed>(`workflows/${workflow.id}/resume`, body);
    if (resumed.command) setAnswer(resumed);
    else tell(resumed.message);
    return !resumed.command;
  };
  return (
    <Confirm
      title={`Resume workflow ${workflow.id}`}
      action="Resume"
      run={run}
      isReady={plan.value !== null && !plan.value.is_complete}
      onClose={onClose}
    >
      <Choice label="How" choices={HOWS} chosen={how} onChoose={setHow} />
      <p class="row">
        <Check label="ask for more where it was too little" is={increase} set={setIncrease} />
        <Check label="stop at the first task that fails for good" is={failFast} set={setFailFast} />
      </p>
      <Loaded live={plan}>{(found) => <Shown plan={found} />}</Loaded>
    </Confirm>
  );
}

function Check({ label, is, set }: { label: string; is: boolean; set: (is: boolean) => void }) {
  return (
    <label>
      <input type="checkbox" checked={is} onChange={(event) => set(event.currentTarget.checked)} /> {label}
    </label>
  );
}

function ByHand({ answer, command, onClose }: { answer: Resumed; command: string; onClose: () => void }) {
  return (
    <Dialog title="To be resumed from a terminal" onClose={onClose}>
      <p>{answer.message}</p>
      <pre class="command">{command}</pre>
      <Copy text={command} what="the command" />
    </Dialog>
  );
}

type TemplatePlan = Plan["templates"][number];
type RequestPlan = Plan["requests"][number];

const TEMPLATES: readonly Column<TemplatePlan>[] = [
  { key: "template", title: "Template", cell: (it) => it.template },
  { key: "again", title: "Again", isNumber: true, cell: (it) => count(it.again) },
  { key: "failed", title: "failed before", isNumber: true, cell: (it) => count(it.failed) },
  { key: "ended", title: "ended first", isNumber: true, cell: (it) => count(it.ended) },
  { key: "adopted", title: "Taken over", isNumber: true, cell: (it) => count(it.adopted) },
  { key: "skipped", title: "Skipped", isNumber: true, cell: (it) => count(it.skipped) },
];

const REQUESTS: readonly Column<RequestPlan>[] = [
  { key: "template", title: "Template", cell: (it) => it.template },
  { key: "tasks", title: "Tasks", isNumber: true, cell: (it) => count(it.tasks) },
  {
    key: "requested",
    title: "Ask for",
    cell: (it) => (
      <>
        {requestedWords(it.requested)}
        {it.before && (
          <span class="below">
            raised, because of too little {it.resource}; before: {requestedWords(it.before)}
          </span>
        )}
        {it.problem && <span class="below bad">{it.problem}</span>}
        {it.function && (
          <span class="below">
            said anew by <code>{it.function}</code>
          </span>
        )}
      </>
    ),
  },
];

function Shown({ plan }: { plan: Plan }) {
  return (
    <>
      <p>
        <b>{count(plan.again)}</b> tasks run (again), <b>{count(plan.adopted)}</b> are taken over as they are,{" "}
        <b>{count(plan.skipped)}</b> are done and skipped.
      </p>
      {plan.is_complete && <p class="note">Nothing is left to be run.</p>}
      {plan.held_by && <p class="note">{plan.held_by}</p>}
      {plan.needs_script && (
        <p class="note">
          Functions in the script that defines the workflow say what tasks ask for: resume it there if they
          are to be asked anew.
        </p>
      )}
      <Table
        columns={TEMPLATES}
        rows={plan.templates}
        rowKey={(row) => row.template}
        caption="What becomes of the tasks"
        empty="It has no tasks."
      />
      <h3>With which resources</h3>
      <Table
        columns={REQUESTS}
        rows={plan.requests}
        rowKey={(row) => `${row.template} ${requestedWords(row.requested)} ${row.resource}`}
        caption="What the tasks that run ask for"
        empty="Nothing runs again."
      />
    </>
  );
}
