import { expect, test } from "vitest";
import { ago, moment, span } from "./times";

test("a span has two units at most", () => {
  expect(span(0)).toBe("0 s");
  expect(span(0.25)).toBe("0.3 s");
  expect(span(0.004)).toBe("0.004 s");
  expect(span(59.4)).toBe("59 s");
  expect(span(3_599.9)).toBe("1 h");
  expect(span(3_725)).toBe("1 h 2 min");
  expect(span(90_061)).toBe("1 d 1 h");
  expect(span(86_400 + 59)).toBe("1 d");
  expect(span(Number.NaN)).toBe("–");
});

test("moments lie behind us, before us, or are now", () => {
  const now = new Date("2026-01-02T00:00:00Z");

  expect(ago(new Date("2026-01-01T23:59:58Z"), now)).toBe("now");
  expect(ago(new Date("2026-01-01T23:58:01Z"), now)).toBe("1 min ago");
  expect(ago(new Date("2025-12-01T00:00:00Z"), now)).toBe("32 d ago");
  expect(ago(new Date("2026-01-02T02:00:00Z"), now)).toBe("in 2 h");
});

test("a moment names its zone", () => {
  expect(moment(new Date("2026-01-02T03:04:05Z"), "UTC")).toBe("2026-01-02 03:04:05 UTC");
});
