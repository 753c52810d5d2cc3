import type { ComponentChildren } from "preact";
import type { Live } from "../api/live";
import { Problem } from "./Problem";

/** What is made of an answer when it is there; until then that it is awaited, or why it does not come. */
export function Loaded<T>({ live, children }: { live: Live<T>; children: (value: T) => ComponentChildren }) {
  const { value, failure, refresh } = live;
  return (
    <>
      {failure && <Problem failure={failure} again={refresh} />}
      {value !== null ? children(value) : !failure && <p class="quiet">Loading…</p>}
    </>
  );
}
