// Which parts of an error's text matter: where it happened, and what was wrong. Python's tracebacks and R's errors.

import { type Cleaned, cleaned } from "./clean";

export type Kind = "plain" | "heading" | "file" | "place" | "code" | "error" | "mark" | "note";

export interface Piece {
  kind: Kind;
  text: string;
}

/** A line; those of libraries are less likely to be what the reader must change. */
export interface Line {
  pieces: Piece[];
  isForeign: boolean;
}

export interface Highlighted {
  lines: Line[];
  hidden: number;
}

const FRAME = /^([\s|+]*File )("[^"]*")(, line )(\d+)(?:(, in )(.*))?$/;
const HEADING =
  /^[\s|+]*(?:Traceback \(most recent call last\)|Exception Group Traceback .*|Backtrace|Calls):?/;
const NOTE =
  /^[\s|+]*(?:During handling of the above exception|The above exception was the direct cause|Execution halted)/;
// `pandas.errors.ParserError: Error tokenizing data`, `KeyError`: a dotted name whose last part sounds like one.
const RAISED =
  /^([\s|+-]*)((?:[A-Za-z_]\w{0,80}\.){0,10}[A-Z]\w{0,80}(?:Error|Exception|Warning|Interrupt|Exit|Group|Fault))(:?)(.*)$/;
const R_ERROR = /^(Error(?: in [^:]{1,500})? ?:|Error in )(.*)$/;
const LOUD =
  /\b(?:slurmstepd: error|fatal(?: error)?|segmentation fault|killed|oom[- ]kill(?:ed)?|cannot allocate memory|out of memory|no such file or directory|permission denied)\b/i;
const CARETS = /^[\s|+]*[~^]+$/;
const FOREIGN = /[\\/](?:site-packages|dist-packages|lib[\\/]python\d|R[\\/]library)[\\/]|^"<frozen /;

/** Says of each part of a text what it is. */
export function highlighted(text: string, most?: number): Highlighted {
  const { lines, hidden } = cleaned(text, most);
  return { lines: linesOf(lines), hidden };
}

function linesOf(texts: Cleaned["lines"]): Line[] {
  let frame: Line | undefined;
  return texts.map((text) => {
    const line = frameOf(text) ?? belowFrame(text, frame) ?? other(text);
    frame = isPartOfFrame(line) ? line : undefined;
    return line;
  });
}

const own = (...pieces: Piece[]): Line => ({
  pieces: pieces.filter((piece) => piece.text !== ""),
  isForeign: false,
});
const isPartOfFrame = (line: Line) => line.pieces.some(({ kind }) => ["file", "code", "mark"].includes(kind));

function frameOf(text: string): Line | undefined {
  const found = FRAME.exec(text);
  if (!found) return undefined;
  const [, before = "", file = "", middle = "", number = "", within = "", place = ""] = found;
  const line = own(
    { kind: "plain", text: before },
    { kind: "file", text: file },
    { kind: "plain", text: middle },
    { kind: "place", text: number },
    { kind: "plain", text: within },
    { kind: "place", text: place },
  );
  return { ...line, isForeign: FOREIGN.test(file) };
}

/** Source that stands below its frame is indented deeper than any other text of a traceback. */
function belowFrame(text: string, frame: Line | undefined): Line | undefined {
  if (!frame || !/^\s*(?:[|+]\s)*\s{4}/.test(text)) return undefined;
  const kind = CARETS.test(text) ? "mark" : "code";
  return { pieces: [{ kind, text }], isForeign: frame.isForeign };
}

function other(text: string): Line {
  if (HEADING.test(text)) return own({ kind: "heading", text });
  if (NOTE.test(text)) return own({ kind: "note", text });
  return raised(text) ?? loud(text);
}

function raised(text: string): Line | undefined {
  const python = RAISED.exec(text);
  if (python) {
    const [, before = "", name = "", colon = "", said = ""] = python;
    return own(
      { kind: "plain", text: before },
      { kind: "error", text: name + colon },
      { kind: "mark", text: said },
    );
  }
  const r = R_ERROR.exec(text);
  return r ? own({ kind: "error", text: r[1] ?? "" }, { kind: "mark", text: r[2] ?? "" }) : undefined;
}

function loud(text: string): Line {
  const found = LOUD.exec(text);
  if (!found) return own({ kind: "plain", text });
  const end = found.index + found[0].length;
  return own(
    { kind: "plain", text: text.slice(0, found.index) },
    { kind: "error", text: found[0] },
    { kind: "plain", text: text.slice(end) },
  );
}
