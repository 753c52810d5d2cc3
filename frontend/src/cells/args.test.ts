import { expect, test } from "vitest";
import { NodeArgs } from "./args";
import { blockOf } from "./blocks";

const block = (from: number, to: number) => blockOf("t", [[from, to]], "D".repeat(to - from + 1));

test("chunks are put together, each with values of its own, and versions are told apart", () => {
  const args = new NodeArgs(1, [block(1, 2), block(3, 4)], 2);

  args.take("t", { ids: [[1, 3]] as never, args: { year: { values: ["2020", "1990"], codes: [0, 1, -1] } } });
  args.take("t", { ids: [[4, 4]] as never, args: { year: { values: ["1990"], codes: [0] } } });

  expect(args.of(0, 0)).toEqual([["year", "2020"]]);
  expect(args.of(0, 1)).toEqual([["year", "1990"]]);
  expect(args.of(1, 0)).toEqual([]);
  expect(args.of(1, 1)).toEqual([["year", "1990"]]);
  expect(args.names()).toEqual(["year"]);
});
