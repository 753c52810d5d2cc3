import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import { useLive } from "../api/live";
import { useQuery } from "../router";
import { announce } from "./announce";
import { Problem } from "./Problem";

export interface Column<R> {
  key: string;
  title: string;
  cell: (row: R) => ComponentChildren;
  isNumber?: boolean;
  /** What to ask the API for to have it sorted by this. */
  sort?: string;
  hint?: string;
}

export interface PageOf<R> {
  items: readonly R[];
  next?: string | null;
}

interface Props<R> {
  /** Below the API's prefix, such as `workflows`. */
  path: string;
  /** What of the address the API is asked. */
  question?: URLSearchParams;
  columns: readonly Column<R>[];
  rowKey: (row: R) => string | number;
  caption: string;
  empty: ComponentChildren;
  active?: boolean | undefined;
  limit?: number;
  /** Keys of the address in which the table keeps where it is, if several are on a page. */
  name?: string;
}

/** A table that the API pages by key: live, with the same rows as CSV and JSON. Where it is stands in the address. */
export function DataTable<R>(props: Props<R>) {
  const { path, columns, rowKey, caption, empty, active, limit = 50, name = "" } = props;
  const [query, change] = useQuery();
  const key = name ? `${name}.after` : "after";
  const after = query.get(key);
  const asked = new URLSearchParams(props.question);
  const sort = asked.get("sort");
  const all = asked.toString();
  asked.set("limit", String(limit));
  if (after) asked.set("after", after);
  const live = useLive<PageOf<R>>(`${path}?${asked}`, { active });
  const [before, setBefore] = useState<(string | null)[]>([]);
  useEffect(() => setBefore([]), [path, all]);

  const forward = (next: string) => {
    setBefore([...before, after]);
    change({ [key]: next });
    announce("Next page.");
  };
  const back = () => {
    change({ [key]: before.at(-1) ?? null });
    setBefore(before.slice(0, -1));
    announce("Previous page.");
  };
  const rows = live.value?.items;
  const next = live.value?.next;
  return (
    <div class="table">
      {live.failure && <Problem failure={live.failure} again={live.refresh} />}
      <section class="scroll" tabIndex={0} aria-label={caption} aria-busy={live.isLoading && !rows}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.key} column={column} sort={sort} change={change} after={key} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows?.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map((column) => (
                  <td key={column.key} class={column.isNumber ? "number" : undefined}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
            {!rows?.length && (
              <tr>
                <td colSpan={columns.length} class="quiet">
                  {rows ? (next ? "None on this page; there are more pages." : empty) : "Loading…"}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </section>
      <footer>
        <nav aria-label={`Pages of: ${caption}`}>
          {after && before.length === 0 && (
            <button type="button" onClick={() => change({ [key]: null })}>
              First page
            </button>
          )}
          <button type="button" disabled={!before.length} onClick={back}>
            Previous
          </button>
          <button type="button" disabled={!next} onClick={() => next && forward(next)}>
            Next
          </button>
        </nav>
        <Downloads path={path} question={all} />
      </footer>
    </div>
  );
}

interface HeadProps<R> {
  column: Column<R>;
  sort: string | null;
  change: (changes: Record<string, string | null>) => void;
  after: string;
}

function Head<R>({ column, sort, change, after }: HeadProps<R>) {
  const { title, hint, isNumber } = column;
  const kind = isNumber ? "number" : undefined;
  if (!column.sort) {
    return (
      <th scope="col" class={kind} title={hint}>
        {title}
      </th>
    );
  }
  const [up, down] = [column.sort, `-${column.sort}`];
  const state = sort === up ? "ascending" : sort === down ? "descending" : "none";
  return (
    <th scope="col" class={kind} title={hint} aria-sort={state}>
      <button
        type="button"
        class="sort"
        onClick={() => change({ sort: state === "descending" ? up : down, [after]: null })}
      >
        {title}{" "}
        <span aria-hidden="true">{state === "ascending" ? "▲" : state === "descending" ? "▼" : "↕"}</span>
      </button>
    </th>
  );
}

/** The same rows for programs. */
export function Downloads({ path, question = "" }: { path: string; question?: string }) {
  const file = path.replaceAll("/", "-");
  const csv = `${path}?${question && `${question}&`}format=csv`;
  return (
    <span class="downloads">
      <a href={api(csv)} download={`${file}.csv`}>
        CSV
      </a>
      <a href={api(question ? `${path}?${question}` : path)} download={`${file}.json`}>
        JSON
      </a>
    </span>
  );
}
