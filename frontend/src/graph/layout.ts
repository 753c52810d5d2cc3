import { Graph, layout } from "@dagrejs/dagre";

export interface Size {
  name: string;
  /** Of its circle. */
  radius: number;
}

export interface Place {
  name: string;
  x: number;
  y: number;
  radius: number;
}

export interface Layout {
  width: number;
  height: number;
  places: Place[];
  /** By the templates at both ends, as the `d` of a path. */
  lines: { key: string; d: string }[];
}

const LABEL = 34; // below each circle: the name and how many tasks are done
const WIDTH = 110; // of a name
const LEAST = 16;
const MOST = 44;

/** A circle whose area grows with the number of tasks, as far as it can be seen. */
export function radiusOf(tasks: number, most: number): number {
  if (most <= 0) return LEAST;
  return Math.max(LEAST, Math.round(MOST * Math.sqrt(tasks / most)));
}

/** Where templates stand, those that wait for others to the right of them. */
export function placed(sizes: readonly Size[], edges: readonly (readonly [string, string])[]): Layout {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  // By numbers: the library keeps what we name in plain objects, which have names of their own.
  const key = new Map(sizes.map(({ name }, number) => [name, String(number)]));
  const of = (name: string) => key.get(name) as string;
  for (const { name, radius } of sizes) {
    graph.setNode(of(name), { width: Math.max(2 * radius, WIDTH), height: 2 * radius + LABEL, radius });
  }
  const drawn = edges.filter(([from, to]) => from !== to && key.has(from) && key.has(to));
  for (const [from, to] of drawn) graph.setEdge(of(from), of(to));
  layout(graph);
  const places = sizes.map(({ name, radius }) => {
    const { x, y } = graph.node(of(name)) as { x: number; y: number };
    return { name, radius, x, y: y - LABEL / 2 };
  });
  const by = new Map(places.map((place) => [place.name, place]));
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    places,
    lines: drawn.map(([from, to]) => {
      const points = (graph.edge(of(from), of(to)) as { points: Point[] }).points;
      return { key: `${from}\n${to}`, d: line(by.get(from), by.get(to), points) };
    }),
  };
}

interface Point {
  x: number;
  y: number;
}

/** From the rim of one circle to the rim of the other, by way of the points between. */
function line(from: Place | undefined, to: Place | undefined, points: readonly Point[]): string {
  if (!from || !to) return "";
  const between = points.slice(1, -1).map(({ x, y }) => ({ x, y: y - LABEL / 2 }));
  const first = rim(from, between[0] ?? to);
  const last = rim(to, between.at(-1) ?? from, 5);
  return smooth([first, ...between, last]);
}

function rim(place: Place, towards: Point, gap = 0): Point {
  const [dx, dy] = [towards.x - place.x, towards.y - place.y];
  const away = Math.hypot(dx, dy) || 1;
  const radius = place.radius + gap;
  return { x: place.x + (dx / away) * radius, y: place.y + (dy / away) * radius };
}

function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const r = (value: number) => Math.round(value * 10) / 10;
  let d = `M${r(first.x)} ${r(first.y)}`;
  for (const [place, point] of rest.entries()) {
    const next = rest[place + 1];
    if (!next) d += `L${r(point.x)} ${r(point.y)}`;
    else d += `Q${r(point.x)} ${r(point.y)} ${r((point.x + next.x) / 2)} ${r((point.y + next.y) / 2)}`;
  }
  return d;
}

/** The arcs of a ring, each as long as its share; `d` of paths around 0, 0. */
export function ring(shares: readonly number[], radius: number): string[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  let before = 0;
  return shares.map((share) => {
    const [begin, end] = [before / total, (before + share) / total];
    before += share;
    if (!share || !total) return "";
    const at = (part: number) => {
      const angle = 2 * Math.PI * part - Math.PI / 2;
      return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
    };
    if (end - begin > 0.9999)
      return `M${at(0)}A${radius} ${radius} 0 1 1 ${at(0.5)}A${radius} ${radius} 0 1 1 ${at(0)}`;
    return `M${at(begin)}A${radius} ${radius} 0 ${end - begin > 0.5 ? 1 : 0} 1 ${at(end)}`;
  });
}
