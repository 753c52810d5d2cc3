/** The statuses of everything, seen as what a reader asks: does it wait, run, is it done, did it fail. */

export type Tone = "pending" | "scheduled" | "running" | "done" | "fatal" | "retry" | "killed";

export const BUCKETS = ["PENDING", "SCHEDULED", "RUNNING", "DONE", "FATAL"] as const;
export type Bucket = (typeof BUCKETS)[number];

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

/** The letters that the tables store for tasks, by which heat maps are sent. */
export const TASK_LETTERS: Record<string, { status: string; bucket: Bucket; tone: Tone }> = {
  G: { status: "REGISTERING", bucket: "PENDING", tone: "pending" },
  Q: { status: "QUEUED", bucket: "PENDING", tone: "pending" },
  I: { status: "INSTANTIATING", bucket: "PENDING", tone: "pending" },
  O: { status: "LAUNCHED", bucket: "SCHEDULED", tone: "scheduled" },
  R: { status: "RUNNING", bucket: "RUNNING", tone: "running" },
  D: { status: "DONE", bucket: "DONE", tone: "done" },
  E: { status: "ERROR_RECOVERABLE", bucket: "PENDING", tone: "retry" },
  A: { status: "ADJUSTING_RESOURCES", bucket: "PENDING", tone: "retry" },
  F: { status: "ERROR_FATAL", bucket: "FATAL", tone: "fatal" },
};

export type Counts = Partial<Record<Bucket, number>>;

export const totalOf = (counts: Counts): number =>
  BUCKETS.reduce((sum, bucket) => sum + (counts[bucket] ?? 0), 0);

/** `3 of 10 done, 1 failed, 2 running`, for who does not see a strip of colours. */
export function progressWords(counts: Counts): string {
  const of = (bucket: Bucket) => counts[bucket] ?? 0;
  const parts = [`${of("DONE").toLocaleString("en-US")} of ${totalOf(counts).toLocaleString("en-US")} done`];
  if (of("FATAL")) parts.push(`${of("FATAL").toLocaleString("en-US")} failed`);
  if (of("RUNNING")) parts.push(`${of("RUNNING").toLocaleString("en-US")} running`);
  if (of("SCHEDULED")) parts.push(`${of("SCHEDULED").toLocaleString("en-US")} scheduled`);
  return parts.join(", ");
}
