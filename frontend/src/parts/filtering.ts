/** Filters as they stand in the address: `user=a,b` for one of these, `user!=c` for none of these. */

export interface Filter {
  key: string;
  isNot: boolean;
  values: string[];
}

/** A comma within a value is written as `\\,`. */
const parted = (text: string): string[] =>
  text
    .split(/(?<!\\),/)
    .filter((value) => value !== "")
    .map((value) => value.replaceAll("\\,", ","));
const joined = (values: readonly string[]): string =>
  values.map((value) => value.replaceAll(",", "\\,")).join(",");

/** Of the keys of a query those that filter, in the order in which they stand there. */
export function filtersOf(query: URLSearchParams, allowed: (key: string) => boolean): Filter[] {
  return [...query.entries()].flatMap(([name, text]) => {
    const isNot = name.endsWith("!");
    const key = isNot ? name.slice(0, -1) : name;
    const values = parted(text);
    return allowed(key) && values.length ? [{ key, isNot, values }] : [];
  });
}

/** How a filter stands in the address, with another value. */
export function added(query: URLSearchParams, key: string, isNot: boolean, value: string): [string, string] {
  const name = isNot ? `${key}!` : key;
  const values = parted(query.get(name) ?? "").filter((each) => each !== value);
  return [name, joined([...values, value])];
}

/** How it stands there without this value; null if nothing is left of it. */
export function removed(query: URLSearchParams, filter: Filter, value: string): [string, string | null] {
  const name = filter.isNot ? `${filter.key}!` : filter.key;
  const rest = parted(query.get(name) ?? "").filter((each) => each !== value);
  return [name, rest.length ? joined(rest) : null];
}
