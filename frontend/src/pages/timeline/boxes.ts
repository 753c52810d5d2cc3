// What a timeline draws: boxes in rows, each from a moment to another, and what each of them is about.

import { laid } from "./lanes";
import type { CriticalPath, PathStep, Timeline } from "./shapes";

/** How a box looks: by what the time went into, or how the attempt ended that ran in it. */
export type Look = { is: "idle" | "lost" | "wait" | "run" } | { is: "ended"; verdict: string };

/** What a box is about. */
export type About =
  | { kind: "attempt"; at: number }
  | { kind: "slot"; row: number; slot: number }
  | { kind: "step"; at: number };

export interface Box {
  row: number;
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  /** The part of the row that it takes, from 0 at the top to 1. */
  top: number;
  bottom: number;
  look: Look;
  isOnPath: boolean;
  about: About;
}

export interface Drawing {
  rows: string[];
  boxes: Box[];
  from: number;
  to: number;
}

export const PATH_ROW = "critical path";

const milliseconds = (moment: string | null) => (moment === null ? null : Date.parse(moment));

/** A row for the critical path, if there is one, and one for each template or node. */
export function drawingOf(timeline: Timeline, path: CriticalPath | null): Drawing {
  const steps = path?.steps ?? [];
  const first = steps.length ? 1 : 0;
  const onPath = new Set(steps.map((step) => step.attempt_id));
  const boxes = [
    ...steps.flatMap((step, at) => boxesOfStep(step, at)),
    ...(timeline.bars ? boxesOfBars(timeline.bars, first, onPath) : boxesOfSlots(timeline, first)),
  ];
  const ends = [milliseconds(timeline.begin), milliseconds(timeline.end)];
  return {
    rows: [...(first ? [PATH_ROW] : []), ...timeline.rows.map(({ name }) => name)],
    boxes,
    from: boxes.reduce((least, { from }) => Math.min(least, from), ends[0] ?? Number.POSITIVE_INFINITY),
    to: boxes.reduce((most, { to }) => Math.max(most, to), ends[1] ?? Number.NEGATIVE_INFINITY),
  };
}

// --- one by one ---------------------------------------------------------------------------------------------

function boxesOfBars(bars: NonNullable<Timeline["bars"]>, first: number, onPath: Set<number | null>): Box[] {
  const places = lanesOf(bars);
  return bars.attempt_id.flatMap((id, at) => {
    const { lane, count } = places[at] ?? { lane: 0, count: 1 };
    const [begin, started, end] = [bars.begin[at], bars.started[at], bars.end[at]].map(
      (moment) => (moment ?? 0) * 1000,
    );
    const whole = {
      row: first + (bars.row[at] ?? 0),
      top: lane / count,
      bottom: (lane + 1) / count,
      about: { kind: "attempt", at } as const,
    };
    const verdict = bars.verdicts[bars.verdict[at] ?? -1] ?? "";
    const run: Look = verdict ? { is: "ended", verdict } : { is: "run" };
    return [
      { ...whole, from: begin ?? 0, to: started ?? 0, look: { is: "wait" } as const, isOnPath: false },
      { ...whole, from: started ?? 0, to: end ?? 0, look: run, isOnPath: onPath.has(id) },
    ].filter(({ from, to }) => to > from);
  });
}

/** Where each attempt stands in its row. */
function lanesOf(bars: NonNullable<Timeline["bars"]>): { lane: number; count: number }[] {
  const found: { lane: number; count: number }[] = [];
  const byRow = new Map<number, number[]>();
  for (const [at, row] of bars.row.entries()) {
    const its = byRow.get(row);
    if (its) its.push(at);
    else byRow.set(row, [at]);
  }
  for (const its of byRow.values()) {
    const { lanes, count } = laid(its.map((at) => ({ begin: bars.begin[at] ?? 0, end: bars.end[at] ?? 0 })));
    for (const [place, at] of its.entries()) found[at] = { lane: lanes[place] ?? 0, count };
  }
  return found;
}

// --- many at a time -----------------------------------------------------------------------------------------

/** In each slot a column, as high as so many ran and waited, those that waited on top; each row has its own scale. */
function boxesOfSlots({ rows, begin, slot }: Timeline, first: number): Box[] {
  const start = milliseconds(begin) ?? 0;
  return rows.flatMap(({ waiting, running }, row) => {
    const most = Math.max(1e-9, ...running.map((count, at) => count + (waiting[at] ?? 0)));
    return running.flatMap((count, at) => {
      const whole = {
        row: first + row,
        from: start + at * slot * 1000,
        to: start + (at + 1) * slot * 1000,
        isOnPath: false,
        about: { kind: "slot", row, slot: at } as const,
      };
      const [low, high] = [count / most, (count + (waiting[at] ?? 0)) / most];
      return [
        { ...whole, top: 1 - low, bottom: 1, look: { is: "run" } as const },
        { ...whole, top: 1 - high, bottom: 1 - low, look: { is: "wait" } as const },
      ].filter(({ top, bottom }) => bottom - top > 0.004);
    });
  });
}

/** How many attempts of a row were there at most at a time. */
export const mostAtATime = ({ waiting, running }: Timeline["rows"][number]): number =>
  running.reduce((most, count, at) => Math.max(most, count + (waiting[at] ?? 0)), 0);

// --- the critical path ----------------------------------------------------------------------------------------

function boxesOfStep(step: PathStep, at: number): Box[] {
  const end = Date.parse(step.ended);
  const started = milliseconds(step.started) ?? end;
  const submitted = Math.min(started, milliseconds(step.submitted) ?? started);
  const tried = submitted - 1000 * step.lost;
  const ready = tried - 1000 * step.waited_to_begin;
  const box = (from: number, to: number, is: "idle" | "lost" | "wait" | "run"): Box => ({
    row: 0,
    from,
    to,
    top: 0.2,
    bottom: 0.8,
    look: { is },
    isOnPath: is === "run",
    about: { kind: "step", at },
  });
  return [
    box(ready, tried, "idle"),
    box(tried, submitted, "lost"),
    box(submitted, started, "wait"),
    box(started, end, "run"),
  ].filter(({ from, to }) => to > from);
}
