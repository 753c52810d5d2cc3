// How a request fitted what was used, in Jobmon's words and shares.

import type { Colour, Colours } from "./colours";
import type { Option } from "./echarts";

export interface Zone {
  words: string;
  short: string;
  /** In percent of the request. */
  from: number;
  to: number;
  colour: Colour;
}

export const ZONES: readonly Zone[] = [
  { words: "over-allocated", short: "over", from: 0, to: 50, colour: "scheduled" },
  { words: "well allocated", short: "well", from: 50, to: 90, colour: "done" },
  { words: "under-allocated", short: "under", from: 90, to: Number.POSITIVE_INFINITY, colour: "fatal" },
];

/** How far an axis in percent of the request goes at least, so that every zone is seen. */
export const ALL_ZONES = 120;

/** Areas behind a chart whose x axis is in percent of the request and goes so far. */
export function zoneAreas(colours: Colours, end: number): Option {
  return {
    silent: true,
    label: { color: colours.quiet, position: "insideTop", fontSize: 11 },
    data: ZONES.map(({ short, from, to, colour }) => [
      { name: short, xAxis: from, itemStyle: { color: colours[colour], opacity: 0.09 } },
      { xAxis: Math.min(to, end) },
    ]),
  };
}
