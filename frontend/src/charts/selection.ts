// Points that somebody encloses: in a rectangle or by a line drawn by hand, in the units of the axes.

export type Point = readonly [number, number];

/** A rectangle by two of its corners, or a line around an area by its points. */
export type Area =
  | { kind: "rect"; corners: readonly [Point, Point] }
  | { kind: "polygon"; points: readonly Point[] };

export function isInside(area: Area, x: number, y: number): boolean {
  return area.kind === "rect" ? isInRect(area.corners, x, y) : isInPolygon(area.points, x, y);
}

const isBetween = (value: number, one: number, other: number) =>
  Math.min(one, other) <= value && value <= Math.max(one, other);

const isInRect = ([[x0, y0], [x1, y1]]: readonly [Point, Point], x: number, y: number) =>
  isBetween(x, x0, x1) && isBetween(y, y0, y1);

/** Inside is from where a ray crosses the line an odd number of times. */
function isInPolygon(points: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (const [at, [x1, y1]] of points.entries()) {
    const [x0, y0] = points.at(at - 1) as Point;
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
  }
  return inside;
}

const MOST_POINTS = 40; // of a line in an address

/** The area as it stands in an address: `rect:1,2,3,4`. */
export function written(area: Area): string {
  const points = area.kind === "rect" ? area.corners : thinned(area.points);
  return `${area.kind}:${points.flat().map(rounded).join(",")}`;
}

/** The area that an address names; null if it names none. */
export function areaOf(text: string | null): Area | null {
  const [, kind, list = ""] = /^(rect|polygon):([-+.,e\d]*)$/.exec(text ?? "") ?? [];
  const numbers = list.split(",").map(Number);
  if (!kind || numbers.length % 2 || numbers.some((number) => !Number.isFinite(number))) return null;
  const points = numbers.flatMap((x, at) => (at % 2 ? [] : [[x, numbers[at + 1] as number] as const]));
  if (kind === "polygon") return points.length >= 3 ? { kind, points } : null;
  const [one, other] = points;
  return one && other && points.length === 2 ? { kind: "rect", corners: [one, other] } : null;
}

const rounded = (number: number) => Number(number.toPrecision(5));

function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, at) => at % every === 0);
}
