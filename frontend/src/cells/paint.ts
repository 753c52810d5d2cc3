import type { Colours } from "../charts/colours";
import { SHAPES } from "../parts/Status";
import { count } from "../words/numbers";
import { TASK_LETTERS, type Tone } from "../words/statuses";
import type { Block } from "./blocks";
import { type Arrangement, LABEL, pointOf, type Spot } from "./geometry";

export interface Picture {
  blocks: readonly Block[];
  orders: readonly (Uint32Array | null)[];
  all: Arrangement;
  /** Letters that stand out; all of them if there are none. */
  lit: ReadonlySet<string>;
  colours: Colours;
}

/** Cells this large have a line between them, and those a shape inside. */
const HAVE_GAPS = 4;
const HAVE_SHAPES = 12;
/** Pixels that are seen. */
const SEEN = 4;

/** Draw what is in sight: `top` is how far the picture is scrolled. */
export function paint(canvas: HTMLCanvasElement, picture: Picture, top: number, marked: Spot | null): void {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  if (!context || !width || !height) return;
  const scale = window.devicePixelRatio || 1;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const ground = packed(picture.colours.ground);
  pixels.fill(ground);
  const inks = inksOf(picture, ground);
  for (const line of linesInSight(picture, top, height / scale)) {
    paintLine(pixels, width, height, line, picture, inks, ground, top, scale);
  }
  context.putImageData(image, 0, 0);
  context.setTransform(scale, 0, 0, scale, 0, -top * scale);
  if (picture.all.cell < HAVE_GAPS) paintFailures(context, picture, top, height / scale);
  if (picture.all.cell >= HAVE_SHAPES) paintShapes(context, picture, top, height / scale);
  paintLabels(context, picture, top, width / scale);
  if (marked) paintMark(context, picture, marked);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

interface Line {
  block: number;
  first: number;
  count: number;
  y: number;
}

function* linesInSight({ blocks, all }: Picture, top: number, height: number): Generator<Line> {
  for (const [block, { size }] of blocks.entries()) {
    const begin = all.tops[block] ?? 0;
    const lines = Math.ceil(size / all.columns);
    const from = Math.max(0, Math.floor((top - begin) / all.cell));
    const to = Math.min(lines, Math.ceil((top + height - begin) / all.cell));
    for (let line = from; line < to; line += 1) {
      const first = line * all.columns;
      yield { block, first, count: Math.min(all.columns, size - first), y: begin + line * all.cell };
    }
  }
}

function paintLine(
  pixels: Uint32Array,
  width: number,
  height: number,
  line: Line,
  { blocks, orders, all }: Picture,
  inks: Uint32Array,
  ground: number,
  top: number,
  scale: number,
): void {
  const statuses = blocks[line.block]?.statuses ?? "";
  const order = orders[line.block];
  const gap = all.cell >= HAVE_GAPS ? Math.round(scale) : 0;
  const begin = Math.round((line.y - top) * scale);
  const end = Math.round((line.y - top + all.cell) * scale) - gap;
  const row = new Uint32Array(width).fill(ground);
  for (let at = 0; at < line.count; at += 1) {
    const number = order ? (order[line.first + at] as number) : line.first + at;
    const left = Math.round(at * all.cell * scale);
    const right = Math.round((at + 1) * all.cell * scale) - gap;
    row.fill(inks[statuses.charCodeAt(number)] ?? ground, left, right);
  }
  for (let y = Math.max(0, begin); y < Math.min(height, end); y += 1) pixels.set(row, y * width);
}

/** A colour for each letter; those that do not stand out are faint. */
function inksOf({ colours, lit }: Picture, ground: number): Uint32Array {
  const inks = new Uint32Array(128).fill(packed(colours.line));
  for (const [letter, { tone }] of Object.entries(TASK_LETTERS)) {
    const ink = packed(colours[tone]);
    const isFaint = lit.size > 0 && !lit.has(letter);
    inks[letter.charCodeAt(0)] = isFaint
      ? mixed(ink, ground, 0.15)
      : letter === "G"
        ? mixed(ink, ground, 0.45)
        : ink;
  }
  return inks;
}

/** `#rrggbb` as canvases have it in memory. */
export function packed(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  const [red, green, blue] = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** So much of one colour in another. */
export function mixed(one: number, other: number, share: number): number {
  const part = (shift: number) =>
    Math.round(((one >> shift) & 255) * share + ((other >> shift) & 255) * (1 - share)) << shift;
  return ((255 << 24) | part(16) | part(8) | part(0)) >>> 0;
}

const drawn = new Map<Tone, Path2D>();

function shapeOf(tone: Tone): Path2D {
  const path = drawn.get(tone) ?? new Path2D(SHAPES[tone]);
  drawn.set(tone, path);
  return path;
}

/** What failed for good, large enough to be seen among cells of a pixel. */
function paintFailures(
  context: CanvasRenderingContext2D,
  picture: Picture,
  top: number,
  height: number,
): void {
  const { blocks, orders, all, colours, lit } = picture;
  if (lit.size > 0 && !lit.has("F")) return;
  context.fillStyle = colours.fatal;
  for (const line of linesInSight(picture, top, height)) {
    const statuses = blocks[line.block]?.statuses ?? "";
    for (let at = 0; at < line.count; at += 1) {
      const number = orders[line.block]?.[line.first + at] ?? line.first + at;
      if (statuses.charAt(number) !== "F") continue;
      const middle = all.cell / 2;
      context.fillRect(at * all.cell + middle - SEEN / 2, line.y + middle - SEEN / 2, SEEN, SEEN);
    }
  }
}

function paintShapes(context: CanvasRenderingContext2D, picture: Picture, top: number, height: number): void {
  const { blocks, orders, all, colours, lit } = picture;
  const size = (all.cell - 1) * 0.7;
  const edge = (all.cell - 1 - size) / 2;
  for (const line of linesInSight(picture, top, height)) {
    const statuses = blocks[line.block]?.statuses ?? "";
    for (let at = 0; at < line.count; at += 1) {
      const number = orders[line.block]?.[line.first + at] ?? line.first + at;
      const letter = statuses.charAt(number);
      const known = TASK_LETTERS[letter];
      if (!known || (lit.size > 0 && !lit.has(letter))) continue;
      context.save();
      context.translate(at * all.cell + edge, line.y + edge);
      context.scale(size / 12, size / 12);
      context.fillStyle = known.tone === "pending" ? colours.quiet : colours.ground;
      context.fill(shapeOf(known.tone), "evenodd");
      context.restore();
    }
  }
}

/** The names of templates, which stay in sight as long as their cells do. */
function paintLabels(context: CanvasRenderingContext2D, picture: Picture, top: number, width: number): void {
  const { blocks, all, colours } = picture;
  context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  context.textBaseline = "middle";
  for (const [block, { template, size }] of blocks.entries()) {
    const begin = (all.tops[block] ?? 0) - LABEL;
    const end = (all.tops[block + 1] ?? all.height + LABEL) - LABEL;
    const y = Math.min(Math.max(begin, top), end - LABEL);
    context.fillStyle = colours.ground;
    context.fillRect(0, y, width, LABEL);
    context.fillStyle = colours.text;
    context.fillText(`${template}: ${count(size)}`, 2, y + LABEL / 2, width - 4);
  }
}

function paintMark(context: CanvasRenderingContext2D, { all, colours }: Picture, spot: Spot): void {
  const { x, y } = pointOf(all, spot);
  const around = Math.max(2, all.cell < HAVE_GAPS ? 3 : 1);
  context.lineWidth = 2;
  context.strokeStyle = colours.text;
  context.strokeRect(x - around, y - around, all.cell + 2 * around - 1, all.cell + 2 * around - 1);
  context.strokeStyle = colours.ground;
  context.lineWidth = 1;
  context.strokeRect(x - around - 2, y - around - 2, all.cell + 2 * around + 3, all.cell + 2 * around + 3);
}
