import { expect, test } from "vitest";
import { byArg, byStatus, sorted } from "./order";

test("equal ranks stay in the order in which they were", () => {
  expect([...sorted([1, 0, 1, 0], 1)]).toEqual([1, 3, 0, 2]);
  expect([...sorted([], 0)]).toEqual([]);
});

test("what failed comes first, and what nobody knows last", () => {
  expect([..."GDF?R"].map((_, at) => "GDF?R"[byStatus("GDF?R")[at] ?? 0]).join("")).toBe("FRDG?");
});

test("numbers in values are ordered by their size, and tasks without a value come last", () => {
  const arg = { values: ["10", "9", "2"], codes: Int32Array.of(0, -1, 1, 2, 0) };

  expect([...byArg(arg)]).toEqual([3, 2, 0, 4, 1]);
});
