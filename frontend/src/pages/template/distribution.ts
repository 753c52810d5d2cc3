// How values are spread: a histogram, and above it a box from quarter to quarter with whiskers to the extremes.

import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, tip } from "../../charts/look";
import { tipOf } from "../../charts/tips";
import { figure, inWords, type Measure, unitFor } from "../../charts/units";
import { ALL_ZONES, zoneAreas } from "../../charts/zones";

/** Measurements as the API sums them up. */
export interface Distribution {
  count: number;
  mean: number;
  min: number;
  p5: number;
  p25: number;
  median: number;
  p75: number;
  p95: number;
  p99: number;
  max: number;
  histogram: { start: number; width: number; counts: readonly number[] };
}

export interface Shown {
  measure: Measure;
  name: string;
  spread: Distribution;
  /** Values worth a line, by what they are: the usual request, say. */
  marks?: Readonly<Record<string, number>>;
}

/** What a box and a tip say, in the order of the values. */
export const NUMBERS = [
  ["least", "min"],
  ["5 % are below", "p5"],
  ["a quarter is below", "p25"],
  ["half are below", "median"],
  ["three quarters are below", "p75"],
  ["95 % are below", "p95"],
  ["99 % are below", "p99"],
  ["most", "max"],
] as const;

export function distribution({ measure, name, spread, marks = {} }: Shown) {
  const largest = Math.max(spread.max, ...Object.values(marks), measure === "percent" ? ALL_ZONES : 0);
  const unit = unitFor(measure, largest);
  const scaled = (value: number) => value / unit.size;
  const words = (value: number) => inWords(measure, value);
  return (colours: Colours): Option => {
    const range = { min: 0, max: ceiling(scaled(largest)) };
    return {
      ...base(colours),
      legend: { show: false },
      grid: [
        { left: 64, right: 24, top: 8, height: 26 },
        { left: 64, right: 24, top: 52, bottom: 46 },
      ],
      tooltip: tip((hit: { componentSubType: string; data: number[] }) => tipFor(hit, spread, words)),
      xAxis: [
        { ...axis(colours, ""), type: "value", gridIndex: 0, ...range, show: false },
        { ...axis(colours, axisName(name, unit.name)), type: "value", gridIndex: 1, ...range },
      ],
      yAxis: [
        { type: "category", gridIndex: 0, data: [""], show: false },
        { ...axis(colours, "attempts", { nameGap: 46 }), type: "value", gridIndex: 1, minInterval: 1 },
      ],
      series: [
        {
          type: "boxplot",
          boxWidth: [10, 18],
          itemStyle: { color: colours.sunk, borderColor: colours.text },
          data: [[spread.p5, spread.p25, spread.median, spread.p75, spread.p95].map(scaled)],
        },
        {
          type: "custom",
          xAxisIndex: 1,
          yAxisIndex: 1,
          renderItem: bar(colours),
          encode: { x: [0, 1], y: 2 },
          data: spread.histogram.counts.map((count, at) => [...edgesOf(spread, at).map(scaled), count, at]),
          ...(measure === "percent" ? { markArea: zoneAreas(colours, range.max) } : {}),
          markLine: {
            silent: true,
            symbol: "none",
            lineStyle: { color: colours.text, type: "dashed" },
            label: { color: colours.text, formatter: "{b}", position: "insideEndTop", rotate: 0 },
            data: Object.entries(marks).map(([mark, value]) => ({ name: mark, xAxis: scaled(value) })),
          },
        },
      ],
    };
  };
}

/** `Memory, GiB`; cores are their own unit. */
const axisName = (name: string, unit: string) => (unit === name.toLowerCase() ? name : `${name}, ${unit}`);

/** From where to where a bin goes; the only one of values that are all the same has no width. */
function edgesOf({ histogram: { start, width } }: Distribution, at: number): [number, number] {
  return [start + at * width, start + (at + 1) * width];
}

/** A round end of the axis behind the last bin and the last mark. */
function ceiling(largest: number): number {
  const wanted = largest * 1.02 || 1;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const found = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= wanted);
  return (found ?? 10) * power;
}

interface Api {
  value: (dimension: number) => number;
  coord: (point: [number, number]) => [number, number];
}

const bar = (colours: Colours) => (_: unknown, api: Api) => {
  const [left, top] = api.coord([api.value(0), api.value(2)]);
  const [right, bottom] = api.coord([api.value(1), 0]);
  return {
    type: "rect",
    shape: { x: left, y: top, width: Math.max(2, right - left - 1), height: bottom - top },
    style: { fill: colours.running },
  };
};

function tipFor(
  hit: { componentSubType: string; data: number[] },
  spread: Distribution,
  words: (value: number) => string,
) {
  if (hit.componentSubType === "boxplot") {
    return tipOf(
      `${figure(spread.count)} attempts`,
      NUMBERS.map(([said, key]) => [said, words(spread[key])]),
    );
  }
  const [, , count = 0, at = 0] = hit.data;
  const [from, to] = edgesOf(spread, at);
  return tipOf(from === to ? words(from) : `${words(from)} to ${words(to)}`, [["attempts", figure(count)]]);
}
