import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import { useLive } from "../api/live";
import { useQuery } from "../router";
import { announce } from "./announce";
import { Problem } from "./Problem";
import { type Column, Table } from "./Table";

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
  /** Where in the address it stands where the table is, if several are on a page. */
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
  const live = useLive<PageOf<R>>(`${path}?${asked}`, { active, keeps: true });
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
  const next = live.value?.next;
  return (
    <>
      {live.failure && <Problem failure={live.failure} again={live.refresh} />}
      <Table
        columns={columns}
        rows={live.value?.items ?? (live.failure ? [] : undefined)}
        rowKey={rowKey}
        caption={caption}
        empty={next ? "None on this page; there are more pages." : empty}
        sort={sort}
        onSort={(chosen) => change({ sort: chosen, [key]: null })}
        isLoading={live.isLoading}
      >
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
      </Table>
    </>
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
