/** The statuses of everything, seen as what a reader asks: does it wait, run, is it done, did it fail. */

import { count } from "./numbers";

export type Tone = "pending" | "scheduled" | "running" | "done" | "fatal" | "retry" | "killed";

export const BUCKETS = ["PENDING", "SCHEDULED", "RUNNING", "DONE", "FATAL"] as const;
export type Bucket = (typeof BUCKETS)[number];

/** The same as strips and rings show them: what is over comes first. */
export const OVER_FIRST: readonly Bucket[] = ["DONE", "FATAL", "RUNNING", "SCHEDULED", "PENDING"];

const BUCKET_TONES: Record<Bucket, Tone> = {
  PENDING: "pending",
  SCHEDULED: "scheduled",
  RUNNING: "running",
  DONE: "done",
  FATAL: "fatal",
};

const TONES: Record<string, Tone> = {
  ...BUCKET_TONES,
  // of tasks
  REGISTERING: "pending",
  QUEUED: "pending",
  INSTANTIATING: "pending",
  LAUNCHED: "scheduled",
  ERROR_RECOVERABLE: "retry",
  ADJUSTING_RESOURCES: "retry",
  ERROR_FATAL: "fatal",
  // of attempts
  INSTANTIATED: "pending",
  TRIAGING: "retry",
  NO_HEARTBEAT: "retry",
  NO_DISTRIBUTOR_ID: "fatal",
  ERROR: "fatal",
  UNKNOWN_ERROR: "fatal",
  RESOURCE_ERROR: "fatal",
  KILL_SELF: "killed",
  // of runs and workflows
  REGISTERED: "pending",
  LINKING: "pending",
  BOUND: "pending",
  STOPPED: "killed",
  ABORTED: "killed",
  HALTED: "killed",
  COLD_RESUME: "killed",
  HOT_RESUME: "killed",
  TERMINATED: "killed",
  FAILED: "fatal",
};

export const toneOf = (status: string): Tone => TONES[status] ?? "pending";

/** Jobmon's own name of a status, without its underscores. */
export const statusWords = (status: string): string => status.replaceAll("_", " ").toLowerCase();

const ofTask = (status: string) => ({ status, tone: toneOf(status) });

/** The letters that the tables store for tasks, by which heat maps are sent. */
export const TASK_LETTERS: Readonly<Record<string, { status: string; tone: Tone }>> = {
  G: ofTask("REGISTERING"),
  Q: ofTask("QUEUED"),
  I: ofTask("INSTANTIATING"),
  O: ofTask("LAUNCHED"),
  R: ofTask("RUNNING"),
  D: ofTask("DONE"),
  E: ofTask("ERROR_RECOVERABLE"),
  A: ofTask("ADJUSTING_RESOURCES"),
  F: ofTask("ERROR_FATAL"),
};

export type Counts = Partial<Record<Bucket, number>>;

export const totalOf = (counts: Counts): number =>
  BUCKETS.reduce((sum, bucket) => sum + (counts[bucket] ?? 0), 0);

/** `3 of 10 done, 1 failed, 2 running`, for who does not see a strip of colours. */
export function progressWords(counts: Counts): string {
  const of = (bucket: Bucket) => counts[bucket] ?? 0;
  const parts = [`${count(of("DONE"))} of ${count(totalOf(counts))} done`];
  if (of("FATAL")) parts.push(`${count(of("FATAL"))} failed`);
  if (of("RUNNING")) parts.push(`${count(of("RUNNING"))} running`);
  if (of("SCHEDULED")) parts.push(`${count(of("SCHEDULED"))} scheduled`);
  return parts.join(", ");
}
