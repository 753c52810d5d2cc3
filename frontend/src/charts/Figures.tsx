import "./charts.css";
import { useState } from "preact/hooks";
import { FileButtons } from "../parts/FileButtons";
import type { Cell } from "../parts/files";
import { type Column, Table } from "../parts/Table";
import { count } from "../words/numbers";

type Row = readonly Cell[];

interface Props {
  /** Of what they are, for who goes from one table to the next. */
  of: string;
  head: readonly string[];
  /** The first cell of each is a name of its own. */
  rows: () => readonly Row[];
}

/** What a chart shows, as a table that opens below it. */
export function Figures({ of, head, rows }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same in figures</summary>
      {isOpen && (
        <Table
          columns={columnsOf(head, rows())}
          rows={rows()}
          rowKey={([name]) => String(name)}
          caption={`${of} in figures`}
          empty=""
        >
          <span />
          <FileButtons name={fileName(of)} head={head} rows={rows} />
        </Table>
      )}
    </details>
  );
}

const fileName = (of: string) => of.toLowerCase().replaceAll(/[^a-z\d]+/g, "-");

const columnsOf = (head: readonly string[], rows: readonly Row[]): readonly Column<Row>[] =>
  head.map((title, at) => ({
    key: title,
    title,
    isNumber: rows.some((row) => typeof row[at] === "number"),
    cell: ({ [at]: cell }) => (typeof cell === "number" ? count(cell) : cell),
  }));
