import { expect, test } from "vitest";
import { placed, radiusOf, ring } from "./layout";

const sizes = (...names: string[]) => names.map((name) => ({ name, radius: 20 }));

test("who waits for others stands to the right of them", () => {
  const { places, width, height } = placed(sizes("a", "b", "c"), [
    ["a", "b"],
    ["b", "c"],
  ]);
  const x = places.map((place) => place.x);

  expect(x).toEqual([...x].sort((one, other) => one - other));
  expect(new Set(x).size).toBe(3);
  expect(places.every((place) => place.x < width && place.y < height)).toBe(true);
});

test("a template that waits for itself has no line to itself", () => {
  expect(placed(sizes("a"), [["a", "a"]]).lines).toEqual([]);
});

test("templates that wait for each other are drawn all the same", () => {
  const { lines } = placed(sizes("a", "b"), [
    ["a", "b"],
    ["b", "a"],
  ]);

  expect(lines.map(({ d }) => d.startsWith("M"))).toEqual([true, true]);
});

test("names that objects have by themselves are names like others", () => {
  expect(placed(sizes("constructor", "__proto__"), [["constructor", "__proto__"]]).lines).toHaveLength(1);
});

test("an empty workflow is an empty picture", () => {
  expect(placed([], []).places).toEqual([]);
});

test("the area says how many tasks there are", () => {
  expect(radiusOf(100, 100)).toBe(44);
  expect(radiusOf(25, 100)).toBe(22);
  expect(radiusOf(1, 1_000_000)).toBe(16);
  expect(radiusOf(0, 0)).toBe(16);
});

test("a ring is closed when all are alike, and has no arc for none", () => {
  const [all, none] = ring([5, 0], 10);

  expect(all).toMatch(/^M.*A.*A/);
  expect(none).toBe("");
  expect(ring([0, 0], 10)).toEqual(["", ""]);
});
