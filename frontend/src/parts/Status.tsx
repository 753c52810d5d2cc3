import { statusWords, type Tone, toneOf } from "../words/statuses";

/** A shape for each tone, in a square of 12, so that no state is told by its colour alone. */
export const SHAPES: Record<Tone, string> = {
  pending: "M6 1.8a4.2 4.2 0 1 0 0 8.4a4.2 4.2 0 1 0 0-8.4M6 3.4a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2",
  scheduled: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10M6 2.6v6.8a3.4 3.4 0 0 1 0-6.8",
  running: "M2.5 1.2L11 6L2.5 10.8Z",
  done: "M4.6 10.4L0.9 6.7L2.4 5.2L4.6 7.4L9.6 2.2L11.1 3.7Z",
  fatal: "M2.6 1L6 4.4L9.4 1L11 2.6L7.6 6L11 9.4L9.4 11L6 7.6L2.6 11L1 9.4L4.4 6L1 2.6Z",
  retry: "M6 0.8L11.4 10.6H0.6ZM5.3 4.2v3.2h1.4V4.2ZM5.3 8.2v1.4h1.4V8.2Z",
  killed: "M1.5 1.5h9v9h-9Z",
};

export function Shape({ tone }: { tone: Tone }) {
  return (
    <svg class={`shape tone-${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={SHAPES[tone]} fill-rule="evenodd" />
    </svg>
  );
}

/** A status as a shape, a colour and a word. */
export function Status({ status, meaning }: { status: string; meaning?: string | undefined }) {
  return (
    <span class="status" title={meaning}>
      <Shape tone={toneOf(status)} />
      {statusWords(status)}
    </span>
  );
}
