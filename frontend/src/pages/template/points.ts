// The API's columns as points of two axes that the reader chooses.

import { type Area, isInside } from "../../charts/selection";
import { type Measure, type Unit, unitFor } from "../../charts/units";
import type { Axis } from "./scatter";
import type { AttemptPoints } from "./shapes";

export const MEASURES = {
  memory: "Memory",
  runtime: "Runtime",
  cores: "Cores used",
  cpu: "CPU time",
} as const;
export type MeasureName = keyof typeof MEASURES;

/** A measure by its name, or a node arg as `arg.<name>`. */
export type AxisName = MeasureName | `arg.${string}`;

export interface Chosen {
  axis: Axis;
  /** Where each attempt is; null where nobody knows. */
  values: readonly (number | null)[];
}

export const isMeasure = (name: string): name is MeasureName => Object.hasOwn(MEASURES, name);

/** What attempts used, or how much of what they asked for, or the value of a node arg. */
export function chosenAxis(points: AttemptPoints, name: AxisName, isPercent: boolean): Chosen {
  if (!isMeasure(name)) return argAxis(points, name.slice("arg.".length));
  const used = usedOf(points, name);
  const asked = isPercent && name !== "cpu" ? askedOf(points, name) : null;
  if (!asked) return { axis: measureAxis(MEASURES[name], name, used), values: used };
  const values = used.map((value, at) => (value === null || !asked[at] ? null : (100 * value) / asked[at]));
  return {
    axis: { ...measureAxis(MEASURES[name], "percent", values, " of the request"), hasZones: true },
    values,
  };
}

function measureAxis(name: string, measure: Measure, values: readonly (number | null)[], more = ""): Axis {
  const unit: Unit = unitFor(
    measure,
    values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0),
  );
  return { name: `${name}, ${unit.name}${more}`, size: unit.size };
}

/** What each attempt used. */
export function usedOf(points: AttemptPoints, name: MeasureName): readonly (number | null)[] {
  if (name !== "cores") return points[name];
  return points.cpu.map((_, at) => coresOf(points, at));
}

/** How many cores an attempt kept busy. */
export function coresOf({ cpu, runtime }: AttemptPoints, at: number): number | null {
  const [seconds, length] = [cpu[at] ?? null, runtime[at]];
  return seconds === null || !length ? null : seconds / length;
}

/** What each attempt asked for. */
function askedOf(points: AttemptPoints, name: "memory" | "runtime" | "cores"): (number | null)[] {
  return points.request.map((place) => points.requests[place]?.[name] ?? null);
}

function argAxis(points: AttemptPoints, name: string): Chosen {
  const { words, at } = points.args[name] ?? { words: [], at: [] };
  const isNumber = words.every((word) => word.trim() === "" || Number.isFinite(Number(word)));
  if (isNumber) {
    const numbers = words.map((word) => (word.trim() === "" ? null : Number(word)));
    return { axis: { name, size: 1 }, values: at.map((place) => numbers[place] ?? null) };
  }
  const places = [...words].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  const order = new Map(places.map((word, place) => [word, place]));
  const placeOf = words.map((word) => order.get(word) ?? 0);
  return { axis: { name, size: 1, places }, values: at.map((place) => placeOf[place] ?? null) };
}

export interface Placed {
  /** The attempts that have a place, by where they stand in the columns. */
  at: number[];
  xs: number[];
  ys: number[];
  missing: number;
}

/** Attempts of which both are known; what is not above zero has no place on an axis of powers. */
export function placed(x: Chosen, y: Chosen, isLog: boolean): Placed {
  const found: Placed = { at: [], xs: [], ys: [], missing: 0 };
  for (const [at, valueX] of x.values.entries()) {
    const valueY = y.values[at] ?? null;
    if (hasPlace(valueX, x.axis, isLog) && hasPlace(valueY, y.axis, isLog)) {
      found.at.push(at);
      found.xs.push(valueX);
      found.ys.push(valueY);
    } else found.missing += 1;
  }
  return found;
}

const hasPlace = (value: number | null, axis: Axis, isLog: boolean): value is number =>
  value !== null && (!isLog || axis.places !== undefined || value > 0);

/** Which of the placed are in an area. */
export const enclosedIn = (area: Area, { xs, ys }: Placed): number[] =>
  xs.flatMap((x, at) => (isInside(area, x, ys[at] ?? 0) ? [at] : []));

/** The request that most attempts had. */
export function usualRequest(points: AttemptPoints) {
  const counts = new Map<number, number>();
  for (const place of points.request) counts.set(place, (counts.get(place) ?? 0) + 1);
  const [most] = [...counts].filter(([place]) => place >= 0).sort(([, one], [, other]) => other - one);
  return most ? points.requests[most[0]] : undefined;
}
