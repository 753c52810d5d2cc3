import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

interface Props<P> {
  load: () => Promise<ComponentType<P>>;
  with: P;
}

/** A part of a page whose program is large, and is loaded while the rest is looked at. */
export function Later<P extends object>({ load, with: given }: Props<P>) {
  const [Part, setPart] = useState<ComponentType<P> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    load().then(
      (part) => setPart(() => part),
      (error: unknown) => setProblem(String(error)),
    );
  }, []);
  if (problem) return <p class="problem">This part could not be loaded: {problem}. Load the page again.</p>;
  return Part ? <Part {...given} /> : <p class="quiet">Loading…</p>;
}
