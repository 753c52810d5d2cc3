// Whether a request fits what was used: the shares of Jobmon's own pages.

import type { Colours } from "./colours";
import type { Option } from "./echarts";

export type Zone = "over" | "well" | "under";

/** In percent of the request. */
export const WASTEFUL_BELOW = 50;
export const RISKY_ABOVE = 90;

export const ZONES: readonly { zone: Zone; words: string; from: number; to: number }[] = [
  { zone: "over", words: "asks for too much", from: 0, to: WASTEFUL_BELOW },
  { zone: "well", words: "fits", from: WASTEFUL_BELOW, to: RISKY_ABOVE },
  { zone: "under", words: "close to the limit", from: RISKY_ABOVE, to: Number.POSITIVE_INFINITY },
];

export function zoneOf(percent: number): Zone {
  if (percent < WASTEFUL_BELOW) return "over";
  return percent > RISKY_ABOVE ? "under" : "well";
}

export const wordsOf = (zone: Zone): string => ZONES.find((each) => each.zone === zone)?.words ?? "";

const TINTS: Record<Zone, (colours: Colours) => string> = {
  over: (colours) => colours.scheduled,
  well: (colours) => colours.done,
  under: (colours) => colours.fatal,
};

/** Areas behind a chart whose x axis is in percent of the request. */
export function zoneAreas(colours: Colours): Option {
  return {
    silent: true,
    label: { color: colours.quiet, position: "insideTop", fontSize: 11 },
    data: ZONES.map(({ zone, words, from, to }) => [
      { name: words, xAxis: from, itemStyle: { color: TINTS[zone](colours), opacity: 0.09 } },
      { xAxis: Number.isFinite(to) ? to : "max" },
    ]),
  };
}
