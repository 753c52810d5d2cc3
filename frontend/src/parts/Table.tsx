import type { ComponentChildren } from "preact";

export interface Column<R> {
  key: string;
  title: string;
  cell: (row: R) => ComponentChildren;
  isNumber?: boolean;
  /** What to ask the API for to have it sorted by this. */
  sort?: string;
  hint?: string;
}

interface Props<R> {
  columns: readonly Column<R>[];
  rows: readonly R[] | undefined;
  rowKey: (row: R) => string | number;
  caption: string;
  /** What stands there when there are no rows. */
  empty: ComponentChildren;
  /** How it is sorted: a column's `sort`, with `-` before it for the largest first. */
  sort?: string | null;
  onSort?: (sort: string) => void;
  /** The row that is looked at. */
  chosen?: string | number | null;
  /** Whether other rows are awaited. */
  isLoading?: boolean;
  /** What stands below it: a word or pages on the left, files on the right. */
  children?: ComponentChildren;
}

/** Rows as a table, which can be scrolled by keyboard where it is wider than its place. */
export function Table<R>({ caption, isLoading = false, children, ...rest }: Props<R>) {
  return (
    <div class={isLoading ? "table loading" : "table"}>
      <section class="scroll" tabIndex={0} aria-label={caption} aria-busy={!rest.rows}>
        <Rows caption={caption} {...rest} />
      </section>
      {children && <footer>{children}</footer>}
    </div>
  );
}

type RowsProps<R> = Omit<Props<R>, "isLoading" | "children">;

function Rows<R>({ columns, rows, rowKey, caption, empty, sort, onSort, chosen }: RowsProps<R>) {
  return (
    <table>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <Head key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows?.map((row) => (
          <tr key={rowKey(row)} aria-current={chosen === rowKey(row) || undefined}>
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
              {rows ? empty : "Loading…"}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

interface HeadProps<R> {
  column: Column<R>;
  sort: string | null | undefined;
  onSort: ((sort: string) => void) | undefined;
}

function Head<R>({ column, sort, onSort }: HeadProps<R>) {
  const { title, hint, isNumber } = column;
  const kind = isNumber ? "number" : undefined;
  if (!column.sort || !onSort) {
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
      <button type="button" class="sort" onClick={() => onSort(state === "descending" ? up : down)}>
        {title}{" "}
        <span aria-hidden="true">{state === "ascending" ? "▲" : state === "descending" ? "▼" : "↕"}</span>
      </button>
    </th>
  );
}
