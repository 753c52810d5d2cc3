import { expect, test } from "vitest";
import { daysAgo, stepWords } from "./steps";

test("a step is named by its day, and by its hour where it has only some", () => {
  expect(stepWords("2026-11-27T00:00:00Z", 24)).toBe("2026-11-27");
  expect(stepWords("2026-11-27T13:00:00+00:00", 1)).toBe("11-27 13:00");
});

test("days are counted in UTC", () => {
  expect(daysAgo(7, new Date("2026-11-03T23:30:00Z"))).toBe("2026-10-27");
});
