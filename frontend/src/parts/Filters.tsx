import { useEffect, useRef, useState } from "preact/hooks";
import { useQuery } from "../router";
import { added, type Filter, filtersOf, removed } from "./filtering";

export interface FilterKind {
  key: string;
  title: string;
  /** The values to choose among; whatever one types, where there are none. */
  choices?: readonly string[];
  /** Values to suggest while one types. */
  suggestions?: readonly string[];
  input?: "text" | "number" | "date";
  hint?: string;
  /** Whether it can exclude. */
  negatable?: boolean;
  /** Whether it has one value at most. */
  isSingle?: boolean;
  /** Whether one types `name=value`, and the name belongs to the key. */
  isPair?: boolean;
  /** Whether it can only be removed. */
  isHidden?: boolean;
}

interface Props {
  kinds: readonly FilterKind[];
  /** Keys that begin like this filter too: `arg.` for any node arg. */
  prefixes?: readonly string[];
}

/** The filters of a page, which stand in its address. `/` leads to them. */
export function Filters({ kinds, prefixes = [] }: Props) {
  const [query, change] = useQuery();
  const isAllowed = (key: string) =>
    kinds.some((kind) => kind.key === key) || prefixes.some((prefix) => key.startsWith(prefix));
  const filters = filtersOf(query, isAllowed);
  const titleOf = (key: string) => kinds.find((kind) => kind.key === key)?.title ?? key;
  const clear = () =>
    change({
      after: null,
      ...Object.fromEntries(filters.map((each) => [each.isNot ? `${each.key}!` : each.key, null])),
    });
  return (
    <search class="filters">
      <Adder kinds={kinds} />
      <ul class="chips" aria-label="Filters">
        {filters.flatMap((filter) =>
          filter.values.map((value) => (
            <Chip
              key={`${filter.key}${filter.isNot}${value}`}
              title={titleOf(filter.key)}
              filter={filter}
              value={value}
              remove={() => change({ after: null, ...Object.fromEntries([removed(query, filter, value)]) })}
            />
          )),
        )}
        {filters.length > 0 && (
          <li>
            <button type="button" class="link" onClick={clear}>
              Clear all
            </button>
          </li>
        )}
      </ul>
    </search>
  );
}

interface ChipProps {
  title: string;
  filter: Filter;
  value: string;
  remove: () => void;
}

function Chip({ title, filter, value, remove }: ChipProps) {
  const said = `${title} ${filter.isNot ? "is not" : "is"} ${value}`;
  return (
    <li class={filter.isNot ? "chip not" : "chip"}>
      <span>
        {title} {filter.isNot ? "≠" : "="} <b>{value}</b>
      </span>
      <button type="button" aria-label={`Remove the filter ${said}`} onClick={remove}>
        ✕
      </button>
    </li>
  );
}

function Adder({ kinds }: { kinds: readonly FilterKind[] }) {
  const [query, change] = useQuery();
  const [key, setKey] = useState(kinds[0]?.key ?? "");
  const [isNot, setNot] = useState(false);
  const [value, setValue] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const kind = kinds.find((each) => each.key === key);
  const shown = kinds.filter((each) => !each.isHidden);
  useSlash(() => form.current?.querySelector<HTMLElement>("[name=value]")?.focus());
  const add = (event: Event) => {
    event.preventDefault();
    const text = value.trim();
    if (!text || !kind) return;
    const not = isNot && kind.negatable !== false;
    const before = kind.isSingle ? new URLSearchParams() : query;
    const [name, of] = kind.isPair ? pair(text) : ["", text];
    if (!of) return;
    change({ after: null, ...Object.fromEntries([added(before, key + name, not, of)]) });
    setValue("");
  };
  return (
    <form ref={form} onSubmit={add}>
      <select aria-label="Filter by" value={key} onChange={(event) => setKey(event.currentTarget.value)}>
        {shown.map((each) => (
          <option key={each.key} value={each.key}>
            {each.title}
          </option>
        ))}
      </select>
      <select
        aria-label="Include or exclude"
        value={isNot && kind?.negatable !== false ? "not" : "is"}
        onChange={(event) => setNot(event.currentTarget.value === "not")}
      >
        <option value="is">is</option>
        {kind?.negatable !== false && <option value="not">is not</option>}
      </select>
      {kind?.choices ? (
        <select
          name="value"
          aria-label={`${kind.title} to filter by`}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        >
          <option value="">Choose…</option>
          {kind.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          name="value"
          type={kind?.input ?? "text"}
          aria-label={`${kind?.title ?? "Value"} to filter by`}
          placeholder={kind?.hint ?? "press / to come here"}
          value={value}
          list={kind?.suggestions ? `suggest-${key}` : undefined}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      )}
      {kind?.suggestions && (
        <datalist id={`suggest-${key}`}>
          {kind.suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
      <button type="submit">Filter</button>
    </form>
  );
}

/** `name=value` in two; a value alone has no name. */
function pair(text: string): [string, string] {
  const place = text.indexOf("=");
  return place < 1 ? ["", ""] : [text.slice(0, place).trim(), text.slice(place + 1).trim()];
}

/** Call back when `/` is pressed outside of a field. */
function useSlash(focus: () => void) {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      const place = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (place.matches("input, select, textarea, [contenteditable]")) return;
      event.preventDefault();
      focus();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
}
