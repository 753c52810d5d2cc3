import { useState } from "preact/hooks";
import { post, type Schemas } from "../../api/client";
import { announce } from "../../parts/announce";
import { Confirm } from "../../parts/Dialog";
import { count } from "../../words/numbers";
import type { TemplateUse } from "./shapes";

const NONE = 2 ** 31 - 1;

interface Props {
  use: TemplateUse;
  done: () => void;
  mayAct: boolean;
}

/** How many tasks of the template may run at a time, and how to change it. */
export function Limit({ use, done, mayAct }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState(use.limit === null ? "" : String(use.limit));
  const wanted = text.trim() === "" ? NONE : Number(text);
  const isReady = Number.isInteger(wanted) && wanted >= 0 && wanted <= NONE;
  const order = async () => {
    const body = { limit: wanted, template: use.name };
    const { message } = await post<Schemas["Ordered"]>(`workflows/${use.workflow_id}/limit`, body);
    announce(message);
    done();
  };
  const now =
    use.limit === null ? "No limit" : use.limit === 0 ? "Paused" : `At most ${count(use.limit)} at a time`;
  return (
    <span class="row">
      <span class="quiet">{now}</span>
      {mayAct && (
        <button type="button" onClick={() => setOpen(true)}>
          Limit…
        </button>
      )}
      {isOpen && (
        <Confirm
          title={`Limit ${use.name}`}
          action="Set the limit"
          run={order}
          isReady={isReady}
          onClose={() => setOpen(false)}
        >
          <label>
            So many tasks at a time{" "}
            <input
              type="number"
              min={0}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          <p class="quiet">
            0 pauses the template, and nothing lifts the limit. A run heeds it within seconds.
          </p>
        </Confirm>
      )}
    </span>
  );
}
