import { expect, test } from "vitest";
import { inWords, unitFor } from "./units";
import { moved, WHOLE, zoomed } from "./window";

test("a value is written in the unit that fits it", () => {
  expect(inWords("memory", 1.5 * 1024 ** 3)).toBe("1.5 GiB");
  expect(inWords("memory", 12 * 1024 ** 3)).toBe("12 GiB");
  expect(inWords("runtime", 7_500)).toBe("2 h 5 min");
  expect(inWords("percent", 87.31)).toBe("87.3 %");
  expect(inWords("memory", null)).toBe("–");
  expect(unitFor("memory", 1.5 * 1024 ** 3).name).toBe("MiB");
  expect(unitFor("memory", 0).name).toBe("bytes");
});

test("a window grows and shrinks around its middle, and stays on its axis", () => {
  expect(zoomed(WHOLE, 2)).toEqual({ start: 25, end: 75 });
  expect(zoomed({ start: 0, end: 10 }, 0.5)).toEqual({ start: 0, end: 20 });
  expect(zoomed({ start: 25, end: 75 }, 0.1)).toEqual(WHOLE);
});

test("a window moves by half of itself, and no further than there is something", () => {
  expect(moved({ start: 40, end: 60 }, 1)).toEqual({ start: 50, end: 70 });
  expect(moved({ start: 5, end: 25 }, -1)).toEqual({ start: 0, end: 20 });
  expect(moved(WHOLE, 1)).toEqual(WHOLE);
});
