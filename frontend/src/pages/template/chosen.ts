// Attempts that were enclosed, as rows.

import { inWords } from "../../charts/units";
import type { Cell } from "../../parts/files";
import { coresOf } from "./points";
import type { AttemptPoints } from "./shapes";

export interface ChosenAttempt {
  attemptId: number;
  taskId: number;
  number: number;
  verdict: string;
  memory: number | null;
  runtime: number | null;
  cores: number | null;
  askedMemory: number | null;
  askedRuntime: number | null;
  askedCores: number | null;
  args: Record<string, string>;
}

/** The attempts at these places of the columns. */
export function chosenAttempts(points: AttemptPoints, at: readonly number[]): ChosenAttempt[] {
  return at.map((place) => {
    const asked = points.requests[points.request[place] ?? -1];
    return {
      attemptId: points.attempt_id[place] ?? 0,
      taskId: points.task_id[place] ?? 0,
      number: points.number[place] ?? 1,
      verdict: verdictOf(points, place),
      memory: points.memory[place] ?? null,
      runtime: points.runtime[place] ?? null,
      cores: coresOf(points, place),
      askedMemory: asked?.memory ?? null,
      askedRuntime: asked?.runtime ?? null,
      askedCores: asked?.cores ?? null,
      args: argsOf(points, place),
    };
  });
}

const verdictOf = ({ verdict }: AttemptPoints, place: number) => verdict.words[verdict.at[place] ?? -1] ?? "";

const argsOf = ({ args }: AttemptPoints, place: number): Record<string, string> =>
  Object.fromEntries(
    Object.entries(args).map(([name, { words, at }]) => [name, words[at[place] ?? -1] ?? ""]),
  );

export const HEAD = [
  "attempt_id",
  "task_id",
  "number",
  "verdict",
  "memory",
  "runtime",
  "cores",
  "asked_memory",
  "asked_runtime",
  "asked_cores",
];

export const cellsOf = (it: ChosenAttempt, args: readonly string[]): Cell[] => [
  it.attemptId,
  it.taskId,
  it.number,
  it.verdict,
  it.memory,
  it.runtime,
  it.cores,
  it.askedMemory,
  it.askedRuntime,
  it.askedCores,
  ...args.map((name) => it.args[name]),
];

/** An attempt in a tip. */
export function factsOf(points: AttemptPoints, place: number): [string, string][] {
  const [it] = chosenAttempts(points, [place]);
  if (!it) return [];
  const both = (measure: "memory" | "runtime" | "cores", used: number | null, asked: number | null) =>
    asked === null ? inWords(measure, used) : `${inWords(measure, used)} of ${inWords(measure, asked)}`;
  return [
    ["ended", it.verdict],
    ["memory", both("memory", it.memory, it.askedMemory)],
    ["runtime", both("runtime", it.runtime, it.askedRuntime)],
    ["cores", both("cores", it.cores, it.askedCores)],
    ...Object.entries(it.args),
  ];
}
