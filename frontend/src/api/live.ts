import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Failure, get } from "./client";

/** Milliseconds between two questions while a workflow is active, and after one that failed. */
const POLL = 5_000;
const POLL_AFTER_FAILURE = 15_000;
/** So long after something was ordered it may change although nobody runs it yet. */
const UNREST = 120_000;

export interface Live<T> {
  value: T | null;
  failure: Failure | null;
  isLoading: boolean;
  /** Ask again now, and for a while, since something was ordered that takes its time. */
  refresh: () => void;
}

interface Options {
  /** Whether it may change, if the answer does not say it itself. */
  active?: boolean | undefined;
  /** Whether the answer to the question before stays until the next one comes. */
  keeps?: boolean;
  /** Milliseconds between two questions: more where answers are large. */
  rest?: number;
}

/**
 * What the API answers, kept up to date while it may change and the page is looked at. What may change says so itself
 * by `is_active`, or `active` says it.
 */
export function useLive<T>(
  path: string | null,
  { active, keeps = false, rest = POLL }: Options = {},
): Live<T> {
  const [value, setValue] = useState<T | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isLoading, setLoading] = useState(path !== null);
  const asking = useRef<AbortController | null>(null);
  const [restlessUntil, setRestless] = useState(0);

  const ask = useCallback(async () => {
    if (path === null) return;
    asking.current?.abort();
    const question = new AbortController();
    asking.current = question;
    setLoading(true);
    try {
      const found = await get<T>(path, question.signal);
      if (question.signal.aborted) return;
      setValue(() => found);
      setFailure(null);
    } catch (error) {
      if (question.signal.aborted) return;
      setFailure(Failure.of(error));
    }
    setLoading(false);
  }, [path]);

  useEffect(() => {
    if (!keeps) setValue(null);
    setFailure(null);
    void ask();
    return () => asking.current?.abort();
  }, [ask]);

  const every = pause((active ?? isActive(value)) || Date.now() < restlessUntil, failure, rest);
  useEffect(() => {
    if (every === null) return;
    const look = () => void (document.visibilityState === "visible" && ask());
    const timer = setInterval(look, every);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [ask, every]);

  const refresh = () => {
    setRestless(Date.now() + UNREST);
    void ask();
  };
  return { value, failure, isLoading, refresh };
}

/** After how many milliseconds to ask again; null for never. */
export function pause(active: boolean, failure: Pick<Failure, "mayPass"> | null, rest = POLL): number | null {
  if (failure) return failure.mayPass ? Math.max(rest, POLL_AFTER_FAILURE) : null;
  return active ? rest : null;
}

/** Whether somebody runs what an answer is about, or one of the things that it lists. */
export function isActive(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if ("is_active" in value) return value.is_active === true;
  return "items" in value && Array.isArray(value.items) && value.items.some(isActive);
}
