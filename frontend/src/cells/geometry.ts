/** Where cells are: template below template, each in lines as wide as the place. All in pixels. */

export const LABEL = 22;
const BETWEEN = 6;
export const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24] as const;

export interface Arrangement {
  cell: number;
  columns: number;
  /** Where the first line of each block begins. */
  tops: number[];
  sizes: readonly number[];
  height: number;
}

/** A cell: which block, and its place in the order in which that is shown. */
export interface Spot {
  block: number;
  place: number;
}

export function arranged(sizes: readonly number[], width: number, cell: number): Arrangement {
  const columns = Math.max(1, Math.floor(width / cell));
  let height = 0;
  const tops = sizes.map((size) => {
    const top = height + LABEL;
    height = top + Math.ceil(size / columns) * cell + BETWEEN;
    return top;
  });
  return { cell, columns, tops, sizes, height };
}

/** The largest cells of which all can be seen at once; the smallest if they cannot. */
export function fitting(sizes: readonly number[], width: number, height: number): number {
  const fits = SIZES.filter((cell) => arranged(sizes, width, cell).height <= height);
  return fits.at(-1) ?? SIZES[0];
}

/** The cell at a point; null between them. */
export function spotAt(all: Arrangement, x: number, y: number): Spot | null {
  const block = all.tops.findLastIndex((top) => top <= y);
  const top = all.tops[block];
  const column = Math.floor(x / all.cell);
  if (top === undefined || x < 0 || column >= all.columns) return null;
  const place = Math.floor((y - top) / all.cell) * all.columns + column;
  return place < (all.sizes[block] ?? 0) ? { block, place } : null;
}

export function pointOf(all: Arrangement, { block, place }: Spot): { x: number; y: number } {
  return {
    x: (place % all.columns) * all.cell,
    y: (all.tops[block] ?? 0) + Math.floor(place / all.columns) * all.cell,
  };
}

export type Step = "left" | "right" | "up" | "down" | "first" | "last";

/** Where a key leads from a cell: past the end of a template into the next one. */
export function stepped(all: Arrangement, from: Spot | null, step: Step): Spot | null {
  const blocks = all.sizes.length;
  if (!blocks) return null;
  const lastOf = (block: number): Spot => ({ block, place: (all.sizes[block] ?? 1) - 1 });
  if (step === "first" || from === null) return { block: 0, place: 0 };
  if (step === "last") return lastOf(blocks - 1);
  const by = { left: -1, right: 1, up: -all.columns, down: all.columns }[step];
  const place = from.place + by;
  if (place < 0) return from.block > 0 ? lastOf(from.block - 1) : from;
  if (place < (all.sizes[from.block] ?? 0)) return { block: from.block, place };
  return from.block + 1 < blocks ? { block: from.block + 1, place: 0 } : from;
}
