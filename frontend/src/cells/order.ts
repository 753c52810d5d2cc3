/** In which order cells are shown: as the tasks were made, by status, or by a node arg. */

/** A node arg of a template's tasks: for each its value's place among the values, or -1. */
export interface Arg {
  values: string[];
  codes: Int32Array;
}

/** Tasks by the order of their status: what failed first, then what is under way, done, and what waits. */
const BY_STATUS = "FEARIOQDG";

const natural = new Intl.Collator("en", { numeric: true });

/** Numbers of tasks, those of a lower rank first; as they were, where ranks are equal. */
export function sorted(ranks: ArrayLike<number>, most: number): Uint32Array {
  const begins = new Uint32Array(most + 2);
  for (let number = 0; number < ranks.length; number += 1) {
    const place = (ranks[number] as number) + 1;
    begins[place] = (begins[place] as number) + 1;
  }
  for (let rank = 1; rank < begins.length; rank += 1) {
    begins[rank] = (begins[rank] as number) + (begins[rank - 1] as number);
  }
  const order = new Uint32Array(ranks.length);
  for (let number = 0; number < ranks.length; number += 1) {
    const rank = ranks[number] as number;
    order[begins[rank] as number] = number;
    begins[rank] = (begins[rank] as number) + 1;
  }
  return order;
}

export function byStatus(statuses: string): Uint32Array {
  const ranks = Uint8Array.from(statuses, (letter) => {
    const place = BY_STATUS.indexOf(letter);
    return place < 0 ? BY_STATUS.length : place;
  });
  return sorted(ranks, BY_STATUS.length);
}

/** By the value of an arg, numbers within it by their size; those that have none come last. */
export function byArg({ values, codes }: Arg): Uint32Array {
  const places = values.map((_, place) => place);
  places.sort((one, other) => natural.compare(values[one] ?? "", values[other] ?? ""));
  const rank = new Uint32Array(values.length);
  places.forEach((place, at) => {
    rank[place] = at;
  });
  const ranks = Uint32Array.from(codes, (code) => (code < 0 ? values.length : (rank[code] as number)));
  return sorted(ranks, values.length);
}
