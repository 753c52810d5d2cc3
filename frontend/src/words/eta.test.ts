import { expect, test } from "vitest";
import { etaWords } from "./eta";

const now = new Date("2026-01-01T00:00:00Z");

test("an estimate has a range", () => {
  const eta = { low: "2026-01-01T01:03:00Z", median: "2026-01-01T02:02:00Z", high: "2026-01-02T06:00:00Z" };

  expect(etaWords(eta, now)).toBe("2 h (1 h 5 min to 1 d 6 h)");
});

test("an estimate may have no end, and may be overtaken", () => {
  const eta = { low: "2025-12-31T23:00:00Z", median: "2026-01-01T00:00:31Z", high: null };

  expect(etaWords(eta, now)).toBe("31 s (1 s to open)");
});
