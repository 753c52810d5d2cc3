/** Moments and spans, in words. */

const SPANS: readonly [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A span in at most two units: `2 h 5 min`. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 0) return `-${span(-seconds)}`;
  if (seconds < 10 && seconds % 1) return `${seconds < 0.1 ? seconds.toFixed(3) : seconds.toFixed(1)} s`;
  let rest = Math.round(seconds);
  if (rest >= 60) rest = rounded(rest);
  const parts: string[] = [];
  for (const [size, unit] of SPANS) {
    const count = Math.floor(rest / size);
    if (count) parts.push(`${count} ${unit}`);
    rest -= count * size;
    if (parts.length === 2 || (parts.length === 1 && !count)) break;
  }
  return parts.join(" ") || "0 s";
}

/** To whole units of the second one that is written, so that no `59 min 60 s` appears. */
function rounded(seconds: number): number {
  const unit = seconds >= 86_400 ? 3_600 : seconds >= 3_600 ? 60 : 1;
  return Math.round(seconds / unit) * unit;
}

/** How long ago: `5 min ago`, or `in 5 min`. */
export function ago(when: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - when.getTime()) / 1000);
  if (Math.abs(seconds) < 5) return "now";
  const [size, unit] = SPANS.find(([size]) => Math.abs(seconds) >= size) ?? [1, "s"];
  const count = Math.floor(Math.abs(seconds) / size);
  return seconds > 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

export type Zone = "local" | "UTC";

/** A moment with its zone: `2026-11-27 22:20:36 UTC`. */
export function moment(when: Date, zone: Zone): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    ...(zone === "UTC" ? { timeZone: "UTC" } : {}),
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  }).formatToParts(when);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  const day = `${of("year")}-${of("month")}-${of("day")}`;
  return `${day} ${of("hour")}:${of("minute")}:${of("second")} ${of("timeZoneName")}`;
}
