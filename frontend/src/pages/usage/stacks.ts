// What was asked for and used over time, stacked by tool, user or template.

import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, legend, tip, windowOn } from "../../charts/look";
import { tipOf } from "../../charts/tips";
import { figure } from "../../charts/units";

/** A group's figures, one for each step of time. */
export interface Stack {
  name: string;
  asked: readonly number[];
  used: readonly number[];
}

export interface Stacked {
  /** The beginning of each step, in words. */
  steps: readonly string[];
  stacks: readonly Stack[];
  unit: string;
}

const MOST_STACKS = 7;
const OTHERS = "all others"; // as the API calls them, too

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The largest groups, and all others as one. */
export function largest(stacks: readonly Stack[], most = MOST_STACKS): Stack[] {
  const sorted = [...stacks].sort(
    (one, other) => sum(other.asked) + sum(other.used) - sum(one.asked) - sum(one.used),
  );
  const rest = sorted.slice(most);
  return rest.length > 1 ? [...sorted.slice(0, most), together(rest)] : sorted;
}

function together(stacks: readonly Stack[]): Stack {
  const added = (which: "asked" | "used") =>
    (stacks[0]?.[which] ?? []).map((_, at) => sum(stacks.map((stack) => stack[which][at] ?? 0)));
  return { name: OTHERS, asked: added("asked"), used: added("used") };
}

/** Two columns for each step, side by side: what was asked for, pale, and what was used of it. */
export function stackedBars({ steps, stacks, unit }: Stacked) {
  return (colours: Colours): Option => ({
    ...base(colours),
    // Patterns besides colours.
    aria: { enabled: true, label: { enabled: false }, decal: { show: true } },
    legend: legend(colours, { data: stacks.map(({ name }) => ({ name, itemStyle: { opacity: 1 } })) }),
    grid: { left: 64, right: 16, top: 36, bottom: 48 },
    tooltip: tip((hit: Hit) => tipFor(hit, steps, stacks, unit)),
    dataZoom: [windowOn("x")],
    xAxis: {
      ...axis(colours, "asked for (pale) and used, by the time when attempts ended"),
      type: "category",
      data: steps,
    },
    yAxis: { ...axis(colours, unit, { nameGap: 46 }), type: "value" },
    series: stacks.flatMap((stack, place) => [
      barsOf(stack, "asked", place, colours),
      barsOf(stack, "used", place, colours),
    ]),
  });
}

function barsOf(stack: Stack, which: "asked" | "used", place: number, colours: Colours): Option {
  const colour = colours.series[place % colours.series.length] ?? colours.text;
  return {
    type: "bar",
    id: `${which} ${place}`,
    name: stack.name,
    stack: which,
    barMaxWidth: 28,
    barGap: "5%",
    itemStyle: which === "asked" ? { color: colour, opacity: 0.35 } : { color: colour },
    data: stack[which],
  };
}

interface Hit {
  dataIndex: number;
  seriesName: string;
  color: string;
}

function tipFor(
  { dataIndex, seriesName, color }: Hit,
  steps: readonly string[],
  stacks: readonly Stack[],
  unit: string,
) {
  const stack = stacks.find(({ name }) => name === seriesName);
  const [asked, used] = [stack?.asked[dataIndex] ?? 0, stack?.used[dataIndex] ?? 0];
  const share = asked > 0 ? `${figure((100 * used) / asked)} %` : "–";
  return tipOf(
    seriesName,
    [
      ["time", steps[dataIndex] ?? ""],
      ["asked for", `${figure(asked)} ${unit}`],
      ["used", `${figure(used)} ${unit}`],
      ["used of what was asked for", share],
    ],
    color,
  );
}
