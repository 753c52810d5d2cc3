import { count } from "./numbers";

/** How many tasks may run at a time; null if nothing limits them. */
export const limitWords = (limit: number | null): string | null =>
  limit === null ? null : limit === 0 ? "paused" : `at most ${count(limit)} tasks`;
