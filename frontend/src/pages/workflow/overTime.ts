import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, tip } from "../../charts/look";
import { tipOf } from "../../charts/tips";
import { count } from "../../words/numbers";
import { moment, type Zone } from "../../words/times";
import type { ActivityAnswer } from "./Activity";

type OfTemplate = ActivityAnswer["templates"][number];
type Points = [number, number][];

/** The same of several templates, added up: at each stretch's begin its value. */
export function summed(
  activity: { begin: string | null; step: number },
  rows: readonly (readonly number[])[],
): Points {
  const begin = activity.begin === null ? 0 : Date.parse(activity.begin);
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, place) => [
    begin + place * activity.step * 1000,
    rows.reduce((sum, row) => sum + (row[place] ?? 0), 0),
  ]);
}

/** How many tasks ran, and how many waited in a cluster's queue. */
export function levelsOption(
  activity: ActivityAnswer,
  shown: readonly OfTemplate[],
  zone: Zone,
  colours: Colours,
): Option {
  const of = (bucket: "RUNNING" | "SCHEDULED") =>
    summed(
      activity,
      shown.map(({ levels }) => levels[bucket] ?? []),
    );
  return {
    ...overTime(colours, zone),
    series: [
      area("running", of("RUNNING"), colours.running, "solid"),
      area("scheduled", of("SCHEDULED"), colours.scheduled, "dashed"),
    ],
  };
}

/** How many tasks were done in each stretch, and how many failed for good. */
export function throughputOption(
  activity: ActivityAnswer,
  shown: readonly OfTemplate[],
  zone: Zone,
  colours: Colours,
): Option {
  const bars = (name: string, rows: readonly (readonly number[])[], color: string) => ({
    name,
    type: "bar",
    stack: "all",
    data: summed(activity, rows),
    itemStyle: { color },
    barCategoryGap: "10%",
    large: false,
  });
  return {
    ...overTime(colours, zone),
    series: [
      bars(
        "done",
        shown.map(({ done }) => done),
        colours.done,
      ),
      bars(
        "failed",
        shown.map(({ failed }) => failed),
        colours.fatal,
      ),
    ],
  };
}

const area = (name: string, data: Points, color: string, type: string) => ({
  name,
  type: "line",
  step: "end",
  showSymbol: false,
  data,
  lineStyle: { color, width: 1.5, type },
  itemStyle: { color },
  areaStyle: { color, opacity: 0.15 },
});

interface Hit {
  axisValue: number;
  seriesName: string;
  value: [number, number];
}

const overTime = (colours: Colours, zone: Zone): Option => ({
  ...base(colours),
  tooltip: tip(
    (hits: Hit[]) =>
      tipOf(
        moment(new Date(hits[0]?.axisValue ?? 0), zone),
        hits.map(({ seriesName, value }) => [seriesName, count(value[1])] as const),
      ),
    { trigger: "axis" },
  ),
  useUTC: zone === "UTC",
  xAxis: axis(colours, "", { type: "time", splitLine: { show: false } }),
  yAxis: axis(colours, "tasks", { type: "value", minInterval: 1, nameLocation: "end", nameGap: 8 }),
});
