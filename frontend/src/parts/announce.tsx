import { useEffect, useState } from "preact/hooks";

let say: ((text: string) => void) | null = null;

/** Say something to people who do not see the page change. */
export const announce = (text: string): void => say?.(text);

/** The place from which screen readers read what is announced. */
export function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => {
    say = setText;
    return () => {
      say = null;
    };
  }, []);
  return (
    <div class="unseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
