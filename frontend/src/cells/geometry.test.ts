import { expect, test } from "vitest";
import { arranged, fitting, LABEL, pointOf, spotAt, stepped } from "./geometry";

const all = arranged([5, 2], 35, 10); // three columns: two lines, and one

test("templates stand below each other, in lines", () => {
  expect(all).toMatchObject({ columns: 3, tops: [LABEL, LABEL + 20 + 6 + LABEL] });
});

test("a point is in a cell, or between them", () => {
  const second = all.tops[1] as number;

  expect(spotAt(all, 15, LABEL + 5)).toEqual({ block: 0, place: 1 });
  expect(spotAt(all, 5, LABEL + 15)).toEqual({ block: 0, place: 3 });
  expect(spotAt(all, 25, LABEL + 15)).toBeNull();
  expect(spotAt(all, 5, LABEL - 1)).toBeNull();
  expect(spotAt(all, 31, LABEL)).toBeNull();
  expect(spotAt(all, 0, second)).toEqual({ block: 1, place: 0 });
});

test("every cell is found at its own point", () => {
  for (const [block, size] of all.sizes.entries()) {
    for (let place = 0; place < size; place += 1) {
      const { x, y } = pointOf(all, { block, place });
      expect(spotAt(all, x, y)).toEqual({ block, place });
    }
  }
});

test("keys lead from cell to cell, and into the next template", () => {
  expect(stepped(all, null, "down")).toEqual({ block: 0, place: 0 });
  expect(stepped(all, { block: 0, place: 0 }, "down")).toEqual({ block: 0, place: 3 });
  expect(stepped(all, { block: 0, place: 4 }, "right")).toEqual({ block: 1, place: 0 });
  expect(stepped(all, { block: 1, place: 0 }, "left")).toEqual({ block: 0, place: 4 });
  expect(stepped(all, { block: 0, place: 0 }, "left")).toEqual({ block: 0, place: 0 });
  expect(stepped(all, { block: 1, place: 1 }, "right")).toEqual({ block: 1, place: 1 });
  expect(stepped(all, { block: 0, place: 0 }, "last")).toEqual({ block: 1, place: 1 });
  expect(stepped(arranged([], 30, 10), null, "down")).toBeNull();
});

test("cells are as large as all of them can be seen, or as small as can be", () => {
  expect(fitting([10], 100, 100)).toBe(24);
  expect(fitting([500_000], 1_200, 480)).toBe(1);
  expect(fitting([5_000_000], 1_200, 480)).toBe(1);
});
