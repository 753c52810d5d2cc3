import { expect, test } from "vitest";
import { type Block, blockOf, blocksOf, chunksOf, idAt, numberOf } from "./blocks";

const [block] = blocksOf({
  templates: [
    {
      template: "a",
      ids: [
        [10, 12],
        [20, 20],
        [31, 32],
      ],
      statuses: "DDFRGG",
    },
    { template: "empty", ids: [], statuses: "" },
  ],
  chunk: 5,
  letters: {},
  is_active: false,
} as never) as [Block];

test("tasks are numbered in the order of their ids", () => {
  expect([0, 1, 2, 3, 4, 5].map((number) => idAt(block, number))).toEqual([10, 11, 12, 20, 31, 32]);
  expect([10, 12, 20, 32].map((id) => numberOf(block, id))).toEqual([0, 2, 3, 5]);
  expect([9, 13, 21, 33].map((id) => numberOf(block, id))).toEqual([-1, -1, -1, -1]);
});

test("chunks of ids hold every task once", () => {
  expect(chunksOf([block], "a", 5)).toEqual([10, 20, 31]);
  expect(chunksOf([block], "a", 100)).toEqual([10]);
  expect(chunksOf([block], "a", 2)).toEqual([10, 12, 20, 31]);
  expect(chunksOf([block], "b", 5)).toEqual([]);
});

test("versions of a template share its chunks", () => {
  const other = blockOf("a", [[13, 15]], "DDD");

  expect(chunksOf([block, other], "a", 5)).toEqual([10, 15, 20, 31]);
});
