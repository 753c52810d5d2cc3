// The part of an axis that is shown, in percent of it.

export interface Window {
  start: number;
  end: number;
}

export const WHOLE: Window = { start: 0, end: 100 };
const SMALLEST = 0.5;

/** The same middle, and so many times as large. */
export function zoomed({ start, end }: Window, times: number): Window {
  const middle = (start + end) / 2;
  const width = Math.min(100, Math.max(SMALLEST, (end - start) / times));
  return within(middle - width / 2, width);
}

/** Half of itself further, back (-1) or on (1). */
export const moved = ({ start, end }: Window, direction: -1 | 1): Window =>
  within(start + (direction * (end - start)) / 2, end - start);

function within(start: number, width: number): Window {
  const from = Math.min(100 - width, Math.max(0, start));
  return { start: from, end: from + width };
}
