import type { Answer } from "../api/client";

type Cells = Answer<"/api/v1/workflows/{workflow_id}/cells">;

/** The tasks of one template, each by its number among them in the order of their ids. */
export interface Block {
  template: string;
  ids: readonly (readonly [number, number])[];
  /** The first id of each range. */
  froms: readonly number[];
  /** How many ids come before each range. */
  starts: readonly number[];
  /** A letter each. */
  statuses: string;
  size: number;
}

export function blocksOf(cells: Cells): Block[] {
  return cells.templates
    .filter(({ statuses }) => statuses.length > 0)
    .map(({ template, ids, statuses }) => blockOf(template, ids as unknown as [number, number][], statuses));
}

export function blockOf(
  template: string,
  ids: readonly (readonly [number, number])[],
  statuses: string,
): Block {
  const froms = ids.map(([from]) => from);
  return { template, ids, froms, starts: startsOf(ids), statuses, size: statuses.length };
}

function startsOf(ranges: readonly (readonly [number, number])[]): number[] {
  let before = 0;
  return ranges.map(([from, to]) => {
    const start = before;
    before += to - from + 1;
    return start;
  });
}

/** The id of the task of a number. */
export function idAt(block: Block, number: number): number {
  const range = lastNotAbove(block.starts, number);
  return (block.ids[range]?.[0] ?? 0) + number - (block.starts[range] ?? 0);
}

/** The number of the task of an id; -1 if it is none of these. */
export function numberOf(block: Block, id: number): number {
  const range = lastNotAbove(block.froms, id);
  const [from, to] = block.ids[range] ?? [0, -1];
  return id >= from && id <= to ? (block.starts[range] ?? 0) + id - from : -1;
}

/** The begins of the chunks in which node args come, so that they hold all of a template's tasks. */
export function chunksOf(blocks: readonly Block[], template: string, size: number): number[] {
  const ranges = blocks
    .filter((block) => block.template === template)
    .flatMap(({ ids }) => ids)
    .sort(([one], [other]) => one - other);
  const found: number[] = [];
  let covered = -1;
  for (const [from, to] of ranges) {
    for (let first = Math.max(from, covered + 1); first <= to; first = covered + 1) {
      found.push(first);
      covered = first + size - 1;
    }
  }
  return found;
}

function lastNotAbove(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
