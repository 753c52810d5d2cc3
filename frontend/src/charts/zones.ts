// How a request fitted what was used, in Jobmon's words and shares.

import type { Colour, Colours } from "./colours";
import type { Option } from "./echarts";

export interface Zone {
  words: string;
  /** In percent of the request. */
  from: number;
  to: number;
  colour: Colour;
}

export const ZONES: readonly Zone[] = [
  { words: "over-allocated", from: 0, to: 50, colour: "scheduled" },
  { words: "well allocated", from: 50, to: 90, colour: "done" },
  { words: "under-allocated", from: 90, to: Number.POSITIVE_INFINITY, colour: "fatal" },
];

/** Areas behind a chart whose x axis is in percent of the request. */
export function zoneAreas(colours: Colours): Option {
  return {
    silent: true,
    label: { color: colours.quiet, position: "insideTop", fontSize: 11 },
    data: ZONES.map(({ words, from, to, colour }) => [
      { name: words, xAxis: from, itemStyle: { color: colours[colour], opacity: 0.09 } },
      { xAxis: Number.isFinite(to) ? to : "max" },
    ]),
  };
}
