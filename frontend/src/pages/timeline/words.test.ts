import { expect, test } from "vitest";
import type { TimelineRow } from "./shapes";
import { axisWords, rowWords } from "./words";

const AT = Date.parse("2026-11-27T22:05:09Z");
const HOUR = 3_600_000;

test("moments on an axis have the day where it is long, and the second where it is short", () => {
  expect(axisWords(AT, "UTC", 48 * HOUR)).toBe("11-27 22:05");
  expect(axisWords(AT, "UTC", 5 * HOUR)).toBe("22:05");
  expect(axisWords(AT, "UTC", HOUR / 2)).toBe("22:05:09");
});

test("a row says its own scale where its attempts are not drawn one by one", () => {
  const row = { name: "fit", waiting: [1, 0], running: [2.5, 1] } as unknown as TimelineRow;

  expect(rowWords(row, true)).toBe("fit");
  expect(rowWords(row, false)).toBe("fit\nup to 3.5 at a time");
});
