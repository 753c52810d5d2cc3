import { expect, test } from "vitest";
import { type Area, areaOf, isInside, written } from "./selection";

const RECT: Area = {
  kind: "rect",
  corners: [
    [10, 20],
    [0, 5],
  ],
};
const TRIANGLE: Area = {
  kind: "polygon",
  points: [
    [0, 0],
    [10, 0],
    [0, 10],
  ],
};

test("points in a rectangle are found, whichever corners it was drawn from", () => {
  expect(isInside(RECT, 5, 10)).toBe(true);
  expect(isInside(RECT, 5, 21)).toBe(false);
  expect(isInside(RECT, 11, 10)).toBe(false);
});

test("points within a line drawn by hand are found", () => {
  expect(isInside(TRIANGLE, 2, 2)).toBe(true);
  expect(isInside(TRIANGLE, 6, 6)).toBe(false);
  expect(isInside(TRIANGLE, -1, 2)).toBe(false);
});

test("an area can stand in an address", () => {
  expect(written(RECT)).toBe("rect:10,20,0,5");
  expect(areaOf(written(RECT))).toEqual(RECT);
  expect(areaOf(written(TRIANGLE))).toEqual(TRIANGLE);
});

test("a line of many points becomes a short address that encloses about the same", () => {
  const circle: Area = {
    kind: "polygon",
    points: Array.from({ length: 1_000 }, (_, at) => [Math.cos(at / 159), Math.sin(at / 159)] as const),
  };
  const text = written(circle);

  expect(text.length).toBeLessThan(800);
  expect(isInside(areaOf(text) as Area, 0.9, 0.3)).toBe(true);
  expect(isInside(areaOf(text) as Area, 0.9, 0.6)).toBe(false);
});

test("an address that names no area is not heeded", () => {
  for (const text of [
    null,
    "",
    "rect:1,2,3",
    "rect:1,2,3,4,5,6",
    "polygon:1,2,3,4",
    "rect:a,b,c,d",
    "circle:1,2,3,4",
  ]) {
    expect(areaOf(text)).toBeNull();
  }
});
