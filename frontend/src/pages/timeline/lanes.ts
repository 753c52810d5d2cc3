// Spans one below the other: each goes to the first lane that is free when it begins.

export interface Span {
  begin: number;
  end: number;
}

/** The lane of each span, in the order in which they are given, and how many lanes there are. */
export function laid(spans: readonly Span[]): { lanes: number[]; count: number } {
  const order = spans.map((_, at) => at).sort((one, other) => beginOf(spans, one) - beginOf(spans, other));
  const lanes = new Array<number>(spans.length).fill(0);
  const free = new Heap();
  const busy = new Heap();
  let count = 0;
  for (const at of order) {
    const { begin, end } = spans[at] as Span;
    while (busy.size && busy.least <= begin) {
      const lane = busy.pop();
      free.push(lane, lane);
    }
    const lane = free.size ? free.pop() : count++;
    lanes[at] = lane;
    busy.push(lane, Math.max(begin, end));
  }
  return { lanes, count };
}

const beginOf = (spans: readonly Span[], at: number) => spans[at]?.begin ?? 0;

/** Items by their keys, the least first. In `free` the key is the lane itself, so that lanes at the top fill first. */
class Heap {
  private entries: [key: number, item: number][] = [];

  get size(): number {
    return this.entries.length;
  }

  get least(): number {
    return this.entries[0]?.[0] ?? Number.POSITIVE_INFINITY;
  }

  push(item: number, key: number): void {
    const { entries } = this;
    let at = entries.push([key, item]) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  pop(): number {
    const { entries } = this;
    const item = entries[0]?.[1] ?? 0;
    const last = entries.pop();
    if (last && entries.length) {
      entries[0] = last;
      this.sink();
    }
    return item;
  }

  private sink(): void {
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < this.size && this.isBefore(left, least)) least = left;
      if (right < this.size && this.isBefore(right, least)) least = right;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private isBefore(one: number, other: number): boolean {
    return (this.entries[one]?.[0] ?? 0) < (this.entries[other]?.[0] ?? 0);
  }

  private swap(one: number, other: number): void {
    const { entries } = this;
    [entries[one], entries[other]] = [entries[other] as [number, number], entries[one] as [number, number]];
  }
}
