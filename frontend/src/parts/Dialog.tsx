import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Failure } from "../api/client";
import { Problem } from "./Problem";

interface Props {
  title: string;
  /** Called when it is closed, whatever the reason. */
  onClose: () => void;
  children: ComponentChildren;
}

/** A window over the page, which keeps the keyboard until it is closed. */
export function Dialog({ title, onClose, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={box} aria-labelledby={id} onClose={onClose}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="small" aria-label="Close" onClick={() => box.current?.close()}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface ConfirmProps extends Props {
  /** What the button says: what will be done. */
  action: string;
  /** Does it; what it throws is shown, and the window stays. It stays too if false is returned. */
  run: () => Promise<unknown>;
  isDangerous?: boolean;
  isReady?: boolean;
}

/** Asks before something is done. */
export function Confirm({ action, run, isDangerous, isReady = true, ...rest }: ConfirmProps) {
  const [isRunning, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isRunning || !isReady) return;
    setRunning(true);
    setFailure(null);
    try {
      if ((await run()) !== false) rest.onClose();
    } catch (error) {
      setFailure(Failure.of(error));
      setRunning(false);
    }
  };
  return (
    <Dialog title={rest.title} onClose={rest.onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {rest.children}
        {failure && <Problem failure={failure} />}
        <footer>
          <button type="button" onClick={rest.onClose}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={isRunning || !isReady}>
            {isRunning ? "…" : action}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
