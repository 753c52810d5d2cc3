// What came after attempts that failed, by why they failed: a bar for each verdict, in parts.

import type { Colour, Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, legend, tip } from "../../charts/look";
import { tipOf } from "../../charts/tips";
import { figure } from "../../charts/units";

export interface Retried {
  verdict: string;
  attempts: number;
  followed: Readonly<Record<string, number>>;
}

/** What may come next, in the API's words, from best to worst. */
export const NEXT: readonly { words: string; colour: Colour }[] = [
  { words: "the next attempt succeeded", colour: "done" },
  { words: "the next attempt is to come, or not over", colour: "scheduled" },
  { words: "the next attempt failed, too", colour: "retry" },
  { words: "there was no other attempt, and the task failed for good", colour: "fatal" },
];

export function retryBars(retries: readonly Retried[]) {
  return (colours: Colours): Option => ({
    ...base(colours),
    // Patterns besides colours.
    aria: { enabled: true, label: { enabled: false }, decal: { show: true } },
    legend: legend(colours),
    grid: { left: 130, right: 24, top: 36, bottom: 44 },
    tooltip: tip((hit: { name: string; seriesName: string; value: number; color: string }) =>
      tipOf(hit.name, [[hit.seriesName, figure(hit.value)]], hit.color),
    ),
    xAxis: { ...axis(colours, "attempts that failed"), type: "value", minInterval: 1 },
    yAxis: {
      ...axis(colours, ""),
      type: "category",
      inverse: true,
      data: retries.map(({ verdict }) => verdict || "no verdict"),
      axisLabel: { color: colours.text, width: 118, overflow: "truncate" },
    },
    series: NEXT.map(({ words, colour }) => ({
      type: "bar",
      name: words,
      stack: "all",
      barMaxWidth: 22,
      itemStyle: { color: colours[colour] },
      data: retries.map(({ followed }) => followed[words] ?? 0),
    })),
  });
}
