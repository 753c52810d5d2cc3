import { useState } from "preact/hooks";
import { Confirm } from "../../parts/Dialog";
import type { Workflow } from "./shapes";

/** Jobmon's "no limit". */
const NONE = 2 ** 31 - 1;

interface Props {
  workflow: Workflow;
  /** The template that is chosen at first; without it the whole workflow. */
  template?: string;
  /** The limit that is chosen at first, where the caller knows it from a later answer than the workflow's. */
  now?: number | null;
  order: (path: string, body: unknown) => Promise<void>;
  onClose: () => void;
}

/** Asks how many tasks may run at a time, of the workflow or of a template. */
export function LimitDialog({
  workflow,
  template: first = "",
  now = limitOf(workflow, first),
  order,
  onClose,
}: Props) {
  const [template, setTemplate] = useState(first);
  const [text, setText] = useState(() => asTyped(now));
  const wanted = text.trim() === "" ? NONE : Number(text);
  const isReady = Number.isInteger(wanted) && wanted >= 0 && wanted <= NONE;
  const choose = (name: string) => {
    setTemplate(name);
    setText(asTyped(limitOf(workflow, name)));
  };
  return (
    <Confirm
      title="How many tasks may run at a time"
      action={wanted === NONE ? "Lift the limit" : wanted === 0 ? "Pause" : "Set the limit"}
      run={() => order("limit", template ? { limit: wanted, template } : { limit: wanted })}
      isReady={isReady}
      onClose={onClose}
    >
      <p class="row">
        <label>
          Of{" "}
          <select value={template} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">the whole workflow</option>
            {workflow.templates.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          at most{" "}
          <input
            type="number"
            min={0}
            max={NONE}
            placeholder="no limit"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />{" "}
          tasks
        </label>
      </p>
      <p class="quiet">
        Nothing lifts the limit, 0 pauses. A run heeds it within seconds; what runs goes on.
      </p>
    </Confirm>
  );
}

function limitOf(workflow: Workflow, template: string): number | null | undefined {
  return template ? workflow.templates.find(({ name }) => name === template)?.limit : workflow.limit;
}

/** A limit as one types it. What is paused is mostly meant to go on. */
function asTyped(limit: number | null | undefined): string {
  return limit ? String(limit) : "";
}
