/** The part of a log that is shown: chunks that follow each other, of which those are forgotten that are too many. */

export interface Chunk {
  /** In bytes of the file, as the server counts. */
  offset: number;
  end: number;
  text: string;
}

export type LogWindow = readonly Chunk[];

/** Characters that are kept; a browser draws so many at once without pause. */
export const MOST = 1_000_000;
export const CHUNK = 64 * 1024;
/** Bytes that the server reads at least. */
const LEAST = 1024;

export const beginOf = (window: LogWindow): number => window[0]?.offset ?? 0;
export const endOf = (window: LogWindow): number => window.at(-1)?.end ?? 0;
export const textOf = (window: LogWindow): string => window.map((chunk) => chunk.text).join("");

/** The window with what came after it; a file that was begun anew begins it anew. */
export function withNext(window: LogWindow, chunk: Chunk): LogWindow {
  if (!window.length || chunk.offset !== endOf(window)) return [chunk];
  if (chunk.end === chunk.offset) return window;
  return fitting([...window, chunk], "front");
}

/** The window with what stands before it. */
export function withPrevious(window: LogWindow, chunk: Chunk): LogWindow {
  if (chunk.end !== beginOf(window)) return [chunk];
  return fitting([chunk, ...window], "back");
}

/** What to ask for to see what stands before it; null at the begin. */
export function before(window: LogWindow): { offset: number; limit: number } | null {
  const begin = beginOf(window);
  if (begin === 0) return null;
  // No less than the server reads, lest the begin be left alone.
  const offset = begin < CHUNK + LEAST ? 0 : begin - CHUNK;
  return { offset, limit: Math.max(LEAST, begin - offset) };
}

/** Without chunks at one side, as long as there is too much. */
function fitting(chunks: Chunk[], side: "front" | "back"): LogWindow {
  let size = chunks.reduce((sum, chunk) => sum + chunk.text.length, 0);
  while (size > MOST && chunks.length > 1) {
    const gone = side === "front" ? chunks.shift() : chunks.pop();
    size -= gone?.text.length ?? 0;
  }
  return chunks;
}

/** A text in pieces: every second one is what was looked for, in large or small letters. */
export function pieces(text: string, wanted: string): string[] {
  if (!wanted) return [text];
  const found: string[] = [];
  const [all, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  // A letter may have another length in small; then places would not fit.
  if (all.length !== text.length) return [text];
  let at = 0;
  for (let next = all.indexOf(needle); next >= 0; next = all.indexOf(needle, at)) {
    found.push(text.slice(at, next), text.slice(next, next + needle.length));
    at = next + needle.length;
  }
  return [...found, text.slice(at)];
}
