import { expect, test } from "vitest";
import { largest, type Stack } from "./stacks";

const stack = (name: string, asked: number, used: number): Stack => ({
  name,
  asked: [asked, asked],
  used: [used, 0],
});

test("the largest groups stand alone, and all others together", () => {
  const found = largest(
    [stack("small", 1, 1), stack("large", 10, 5), stack("middle", 5, 5), stack("tiny", 0.5, 0)],
    2,
  );

  expect(found.map(({ name }) => name)).toEqual(["large", "middle", "all others"]);
  expect(found.at(-1)).toEqual({ name: "all others", asked: [1.5, 1.5], used: [1, 0] });
});

test("one group more than stand alone keeps its name", () => {
  expect(largest([stack("a", 3, 1), stack("b", 2, 1), stack("c", 1, 1)], 2).map(({ name }) => name)).toEqual([
    "a",
    "b",
    "c",
  ]);
});
