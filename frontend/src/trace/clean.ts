// What commands print is shown as text. Here it is made harmless and finite before anything looks at it.

import { count } from "../words/numbers";

const MOST_LINES = 400;
export const LONGEST_LINE = 2_000;

const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are steered by them
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,2000}(?:\u0007|\u001b\\)?|[PX^_][^\u001b]{0,2000}(?:\u001b\\)?|[@-Z\\-_]|[ -/]+[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
// They turn the direction of what follows, so that a text reads otherwise than it is.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The lines of a text as far as they are shown, and how many are not. */
export interface Cleaned {
  lines: string[];
  hidden: number;
}

/** A text's last lines: those of a failure stand at its end. */
export function cleaned(text: string, most = MOST_LINES): Cleaned {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  while (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return { lines: lines.slice(-most).map(cleanedLine), hidden: Math.max(0, lines.length - most) };
}

/** One line without what steers terminals, and not longer than people read. */
export function cleanedLine(line: string): string {
  // Twice as much is looked at, lest escapes use up what would be shown.
  const some = line.slice(0, 2 * LONGEST_LINE).replace(ESCAPES, "");
  const visible = some.replace(CONTROLS, picture).replace(TURNING, "\ufffd");
  if (line.length <= 2 * LONGEST_LINE && visible.length <= LONGEST_LINE) return visible;
  const shown = visible.slice(0, LONGEST_LINE);
  return `${shown}… (${count(line.length - shown.length)} more characters)`;
}

function picture(control: string): string {
  const code = control.charCodeAt(0);
  return String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
}
