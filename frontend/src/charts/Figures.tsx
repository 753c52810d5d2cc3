import "./charts.css";
import { useState } from "preact/hooks";
import { FileButtons } from "./FileButtons";
import type { Cell } from "./files";

export interface FiguresProps {
  /** Of what they are, for who goes from one table to the next. */
  of: string;
  head: readonly string[];
  rows: () => readonly (readonly Cell[])[];
}

const MOST = 500;

/** What a chart shows, as a table that opens below it. */
export function Figures({ of, head, rows }: FiguresProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same in figures</summary>
      {isOpen && (
        <>
          <FigureTable title={`${of} in figures`} head={head} rows={rows()} />
          <FileButtons name={fileName(of)} head={head} rows={rows} />
        </>
      )}
    </details>
  );
}

const fileName = (of: string) => of.toLowerCase().replaceAll(/[^a-z\d]+/g, "-");

function FigureTable({
  title,
  head,
  rows,
}: {
  title: string;
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
}) {
  return (
    <section class="figures-table" tabIndex={0} aria-label={title}>
      <table>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} class={typeof cell === "number" ? "number" : undefined}>
                  {typeof cell === "number" ? cell.toLocaleString("en") : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <p class="quiet">
          The first {MOST} of {rows.length.toLocaleString("en")} rows.
        </p>
      )}
    </section>
  );
}
