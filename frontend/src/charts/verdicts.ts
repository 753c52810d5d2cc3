// How each end of an attempt is drawn: a colour and a shape, so that nobody depends on colours.

import type { Colour, Colours } from "./colours";

interface Look {
  colour: Colour;
  symbol: string;
  /** Where there is no room for a shape. */
  letter: string;
}

const CROSS = "path://M0,2 L2,0 L5,3 L8,0 L10,2 L7,5 L10,8 L8,10 L5,7 L2,10 L0,8 L3,5 Z";
const STAR = "path://M5,0 L6.2,3.6 L10,3.8 L7,6.1 L8.1,10 L5,7.7 L1.9,10 L3,6.1 L0,3.8 L3.8,3.6 Z";

const LOOKS: Record<string, Look> = {
  done: { colour: "done", symbol: "circle", letter: "" },
  "application error": { colour: "fatal", symbol: "triangle", letter: "E" },
  "out of memory": { colour: "retry", symbol: "diamond", letter: "M" },
  "out of time": { colour: "scheduled", symbol: "rect", letter: "T" },
  "node failed": { colour: "text", symbol: CROSS, letter: "N" },
  lost: { colour: "text", symbol: CROSS, letter: "L" },
  "internal error": { colour: "text", symbol: CROSS, letter: "I" },
  killed: { colour: "killed", symbol: STAR, letter: "K" },
  "put back": { colour: "killed", symbol: "roundRect", letter: "P" },
};
const OTHER: Look = { colour: "quiet", symbol: "pin", letter: "?" };
const ORDER = Object.keys(LOOKS);

export const symbolOf = (verdict: string): string => (LOOKS[verdict] ?? OTHER).symbol;
/** A letter for what did not succeed. */
export const letterOf = (verdict: string): string => (LOOKS[verdict] ?? OTHER).letter;

export const colourOf = (verdict: string, colours: Colours): string =>
  colours[(LOOKS[verdict] ?? OTHER).colour];

/** Verdicts in the order in which people look for them: what went well first. */
export function inOrder(verdicts: Iterable<string>): string[] {
  const place = (verdict: string) => (ORDER.includes(verdict) ? ORDER.indexOf(verdict) : ORDER.length);
  return [...new Set(verdicts)].sort((one, other) => place(one) - place(other) || one.localeCompare(other));
}

/** Shapes of first, second and further attempts. */
export const symbolOfAttempt = (attempt: number): string =>
  ["circle", "triangle", "diamond", "rect", STAR][Math.min(attempt, 5) - 1] ?? "circle";
