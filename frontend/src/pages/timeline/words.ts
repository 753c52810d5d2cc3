// What a timeline says of its boxes and rows.

import { tipOf } from "../../charts/tips";
import { figure } from "../../charts/units";
import { moment, span, type Zone } from "../../words/times";
import { type Box, mostAtATime } from "./boxes";
import type { CriticalPath, PathStep, Timeline } from "./shapes";

export function tipFor(box: Box, timeline: Timeline, path: CriticalPath | null, zone: Zone): HTMLElement {
  const { about } = box;
  switch (about.kind) {
    case "attempt":
      return attemptTip(about.at, timeline, zone);
    case "slot":
      return slotTip(about.row, about.slot, box, timeline, zone);
    case "step": {
      const step = path?.steps[about.at];
      return step ? tipOf(`${step.task_name} (task ${step.task_id})`, factsOf(step)) : tipOf("", []);
    }
  }
}

function attemptTip(at: number, { bars, rows }: Timeline, zone: Zone): HTMLElement {
  if (!bars) return tipOf("", []);
  const [begin = 0, started = 0, end = 0] = [bars.begin[at], bars.started[at], bars.end[at]];
  return tipOf(`Task ${bars.task_id[at]}`, [
    ["of", rows[bars.row[at] ?? 0]?.name ?? ""],
    ["ended", bars.verdicts[bars.verdict[at] ?? -1] || "not over"],
    ["waited at the cluster", span(started - begin)],
    ["ran", span(end - started)],
    ["from", moment(new Date(started * 1000), zone)],
  ]);
}

function slotTip(row: number, slot: number, { from, to }: Box, { rows }: Timeline, zone: Zone): HTMLElement {
  const its = rows[row];
  return tipOf(its?.name ?? "", [
    ["from", moment(new Date(from), zone)],
    ["to", moment(new Date(to), zone)],
    ["ran at a time", figure(its?.running[slot] ?? 0)],
    ["waited at a time", figure(its?.waiting[slot] ?? 0)],
  ]);
}

export const factsOf = (step: PathStep): [string, string][] => [
  ["template", step.template],
  ["could not begin yet, for a limit or a pause", span(step.waited_to_begin)],
  ["lost in attempts that failed", span(step.lost)],
  ["waited at the cluster", span(step.queued)],
  ["ran", span(step.ran)],
];

/** A row's name, and how many there were at most at a time if they are not drawn one by one. */
export function rowWords(row: Timeline["rows"][number], hasBars: boolean): string {
  return hasBars ? row.name : `${row.name}\nup to ${figure(mostAtATime(row))} at a time`;
}

const HOUR = 3_600_000;

/** A moment on an axis of so many milliseconds: its day where that is long, its seconds where it is short. */
export function axisWords(at: number, zone: Zone, length: number): string {
  const [day = "", time = ""] = moment(new Date(at), zone).split(" ");
  if (length > 12 * HOUR) return `${day.slice(5)} ${time.slice(0, 5)}`;
  return length > HOUR ? time.slice(0, 5) : time;
}
