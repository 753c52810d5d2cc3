// Attempts as points: what one measure says against another, or against a node arg.

import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, legend, tip, windowOn } from "../../charts/look";
import { colourOf, inOrder, symbolOf, symbolOfAttempt } from "../../charts/verdicts";
import { ALL_ZONES } from "../../charts/zones";

/** One axis. Its values are in bytes, seconds or percent, and drawn in units of a size. */
export interface Axis {
  name: string;
  size: number;
  isLog?: boolean;
  /** The names of its places, if it has no numbers. */
  places?: readonly string[];
  /** Whether it is in percent of the request, and has zones. */
  hasZones?: boolean;
}

export interface Points {
  x: Axis;
  y: Axis;
  xs: readonly number[];
  ys: readonly number[];
  verdicts: readonly string[];
  attempts: readonly number[];
  by: "state" | "attempt";
  /** Whether a point is chosen; none is set apart while nothing is chosen. */
  isChosen: ((at: number) => boolean) | null;
  /** Lines at what was asked for. */
  asked?: { x?: number | undefined; y?: number | undefined };
}

interface Group {
  name: string;
  symbol: string;
  colour: string;
  at: number[];
}

export function scatter(points: Points, tipFor: (at: number) => HTMLElement) {
  return (colours: Colours): Option => ({
    ...base(colours),
    legend: legend(colours),
    grid: { left: 64, right: 24, top: 36, bottom: 48 },
    tooltip: tip((hit: { data: number[] }) => tipFor(hit.data[2] ?? 0)),
    dataZoom: [windowOn("x"), windowOn("y")],
    brush: {
      toolbox: [],
      xAxisIndex: 0,
      brushStyle: { borderColor: colours.accent, color: colours.accent, opacity: 0.12 },
      outOfBrush: { colorAlpha: 1 },
      throttleType: "debounce",
      throttleDelay: 150,
    },
    xAxis: axisOf(points.x, points.xs, colours, 30),
    yAxis: axisOf(points.y, points.ys, colours, 46),
    series: groupsOf(points, colours).flatMap((group, place) => seriesOf(group, place, points, colours)),
  });
}

function axisOf(
  { name, isLog, places, hasZones }: Axis,
  values: readonly number[],
  colours: Colours,
  nameGap: number,
): Option {
  const drawn = axis(colours, name, { nameGap, scale: false });
  if (places)
    return {
      ...drawn,
      type: "category",
      data: places,
      axisLabel: { color: colours.quiet, hideOverlap: true, width: 120, overflow: "truncate" },
    };
  if (isLog) return { ...drawn, type: "log" };
  return { ...drawn, type: "value", ...(hasZones ? { min: 0, max: endOf(values) } : {}) };
}

function groupsOf(points: Points, colours: Colours): Group[] {
  return points.by === "state" ? byVerdict(points, colours) : byAttempt(points, colours);
}

function byVerdict({ verdicts }: Points, colours: Colours): Group[] {
  return inOrder(verdicts).map((verdict) => ({
    name: verdict,
    symbol: symbolOf(verdict),
    colour: colourOf(verdict, colours),
    at: placesOf(verdicts, (each) => each === verdict),
  }));
}

const MOST_ATTEMPTS = 5; // that have a shape of their own

function byAttempt({ attempts }: Points, colours: Colours): Group[] {
  const highest = Math.min(
    MOST_ATTEMPTS,
    attempts.reduce((most, each) => Math.max(most, each), 1),
  );
  return Array.from({ length: highest }, (_, at) => at + 1).map((number) => ({
    name: number === MOST_ATTEMPTS ? `attempt ${number} or later` : `attempt ${number}`,
    symbol: symbolOfAttempt(number),
    colour: colours.series[number - 1] ?? colours.text,
    at: placesOf(attempts, (each) => Math.min(each, MOST_ATTEMPTS) === number),
  }));
}

function placesOf<T>(values: readonly T[], isOne: (value: T) => boolean): number[] {
  const found: number[] = [];
  for (const [at, value] of values.entries()) if (isOne(value)) found.push(at);
  return found;
}

/** Of a group what is chosen, and behind it, pale, what is not; both have the group's name in the legend. */
function seriesOf(group: Group, place: number, points: Points, colours: Colours): Option[] {
  const { isChosen } = points;
  const chosen = isChosen ? group.at.filter(isChosen) : group.at;
  const others = isChosen ? group.at.filter((at) => !isChosen(at)) : [];
  const lines = place === 0 ? { markLine: askedLines(points, colours), ...zones(points, colours) } : {};
  return [
    { ...pointsOf(group, chosen, points), itemStyle: { color: group.colour, opacity: 0.75 }, z: 2, ...lines },
    { ...pointsOf(group, others, points), itemStyle: { color: group.colour, opacity: 0.12 }, z: 1 },
  ];
}

function pointsOf({ name, symbol }: Group, at: readonly number[], { x, y, xs, ys }: Points): Option {
  return {
    type: "scatter",
    name,
    symbol,
    symbolSize: symbol === "circle" ? 6 : 8,
    large: at.length > 1_000,
    data: at.map((each) => [(xs[each] ?? 0) / x.size, (ys[each] ?? 0) / y.size, each]),
  };
}

function askedLines({ x, y, asked = {} }: Points, colours: Colours): Option {
  const line = (name: string, place: Option) => ({ name, ...place });
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.text, type: "dashed" },
    label: { formatter: "{b}", color: colours.quiet, position: "insideEndTop" },
    data: [
      ...(asked.x === undefined ? [] : [line("asked", { xAxis: asked.x / x.size })]),
      ...(asked.y === undefined ? [] : [line("asked", { yAxis: asked.y / y.size })]),
    ],
  };
}

/** Behind points in percent of the request: where both fit, where one is close to its limit, where both are too much. */
function zones({ x, y, xs, ys }: Points, colours: Colours): Option {
  if (!x.hasZones || !y.hasZones || x.isLog || y.isLog) return {};
  const [right, top] = [endOf(xs), endOf(ys)];
  const area = (
    name: string,
    colour: string,
    from: readonly [number, number],
    to: readonly [number, number],
  ) => [
    { name, xAxis: from[0], yAxis: from[1], itemStyle: { color: colour, opacity: 0.08 } },
    { xAxis: to[0], yAxis: to[1] },
  ];
  return {
    markArea: {
      silent: true,
      label: { color: colours.quiet, position: "insideTopLeft", fontSize: 11 },
      data: [
        area("over-allocated", colours.scheduled, [0, 0], [50, 50]),
        area("well allocated", colours.done, [50, 50], [90, 90]),
        area(`under-allocated: ${y.name.split(",")[0]}`, colours.fatal, [0, 90], [right, top]),
        area(`under-allocated: ${x.name.split(",")[0]}`, colours.fatal, [90, 0], [right, 90]),
      ],
    },
  };
}

/** The end of an axis in percent, on which all zones are seen. */
const endOf = (values: readonly number[]): number =>
  10 * Math.ceil(values.reduce((most, value) => Math.max(most, value), ALL_ZONES) / 10);
