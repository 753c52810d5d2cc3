import { type Cell, csvOf, give, jsonOf } from "./files";

interface Props {
  /** Of the files, without an ending. */
  name: string;
  head: readonly string[];
  rows: () => readonly (readonly Cell[])[];
}

/** Rows of the page as CSV and JSON. */
export function FileButtons({ name, head, rows }: Props) {
  return (
    <span class="downloads">
      <button type="button" class="link" onClick={() => give(`${name}.csv`, csvOf(head, rows()), "text/csv")}>
        CSV
      </button>
      <button
        type="button"
        class="link"
        onClick={() => give(`${name}.json`, jsonOf(head, rows()), "application/json")}
      >
        JSON
      </button>
    </span>
  );
}
