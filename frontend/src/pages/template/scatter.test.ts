import { expect, test } from "vitest";
import type { Colours } from "../../charts/colours";
import { type Points, scatter } from "./scatter";

const COLOURS = {
  series: ["#1", "#2", "#3", "#4", "#5"],
  done: "green",
  retry: "orange",
} as unknown as Colours;

const points = (rest: Partial<Points> = {}): Points => ({
  x: { name: "Runtime, minutes", size: 60 },
  y: { name: "Memory, GiB", size: 1024 },
  xs: [60, 120, 180],
  ys: [1024, 2048, 3072],
  verdicts: ["done", "out of memory", "done"],
  attempts: [1, 1, 7],
  by: "state",
  isChosen: null,
  ...rest,
});

interface Series {
  name: string;
  symbol: string;
  data: number[][];
  markArea?: { data: unknown[] };
}

const drawn = (given: Points) => scatter(given, () => null as never)(COLOURS).series as Series[];
const filled = (given: Points) => drawn(given).filter(({ data }) => data.length);

test("each way to end has its own shape, and points are in the units of the axes", () => {
  expect(filled(points()).map(({ name, symbol, data }) => [name, symbol, data])).toEqual([
    [
      "done",
      "circle",
      [
        [1, 1, 0],
        [3, 3, 2],
      ],
    ],
    ["out of memory", "diamond", [[2, 2, 1]]],
  ]);
});

test("late attempts are drawn together", () => {
  const names = drawn(points({ by: "attempt" })).map(({ name }) => name);

  expect(new Set(names)).toEqual(
    new Set(["attempt 1", "attempt 2", "attempt 3", "attempt 4", "attempt 5 or later"]),
  );
});

test("what is not chosen stays there, apart", () => {
  const [chosen, others] = drawn(points({ isChosen: (at) => at === 2 }));

  expect(chosen?.data).toEqual([[3, 3, 2]]);
  expect(others?.data).toEqual([[1, 1, 0]]);
});

test("zones are drawn where both axes are in percent of the request, and go to their ends", () => {
  const axis = { name: "Memory, % of the request", size: 1, hasZones: true };
  const [first] = drawn(points({ x: axis, y: axis }));
  const under = first?.markArea?.data[2] as [unknown, { xAxis: number; yAxis: number }];

  expect(under[1]).toMatchObject({ xAxis: 180, yAxis: 3080 });
  expect(drawn(points())[0]?.markArea).toBeUndefined();
});
