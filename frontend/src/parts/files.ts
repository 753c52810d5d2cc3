// Rows that are on the page already, as files.

export type Cell = string | number | null | undefined;

// A spreadsheet would run what looks like a formula. Numbers are none.
const FORMULA = /^[=+\-@\t\r]/;

/** Rows with their head, as RFC 4180 has it. */
export const csvOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows].map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");

function cellOf(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The same rows as objects. */
export const jsonOf = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  JSON.stringify(rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at] ?? null]))));

/** Give a file to the reader. */
export function give(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun by then to read it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
