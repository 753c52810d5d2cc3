import { expect, test } from "vitest";
import { chosenAxis, enclosedIn, placed, usedOf, usualRequest } from "./points";
import type { AttemptPoints } from "./shapes";

const GIB = 1024 ** 3;
const REQUEST = { cluster: "slurm", queue: "all.q", cores: 2, memory: 8 * GIB, runtime: 3600, options: {} };

const points: AttemptPoints = {
  attempts: 4,
  sampled: 4,
  failed: 1,
  failed_sampled: 1,
  attempt_id: [1, 2, 3, 4],
  task_id: [10, 10, 11, 12],
  number: [1, 2, 1, 1],
  verdict: { words: ["out of memory", "done"], at: [0, 1, 1, 1] },
  memory: [8 * GIB, 9 * GIB, 4 * GIB, null],
  runtime: [600, 1200, 0, 60],
  cpu: [600, 2400, 10, null],
  requests: [REQUEST, { ...REQUEST, memory: 12 * GIB }],
  request: [0, 1, 0, 0],
  args: {
    year: { words: ["1990", "2000"], at: [0, 0, 1, 1] },
    sex: { words: ["male", "female", ""], at: [0, 0, 1, 2] },
  },
};

test("axes are in the unit that fits, and in percent of each attempt's own request", () => {
  expect(chosenAxis(points, "memory", false).axis).toEqual({ name: "Memory, GiB", size: GIB });
  expect(chosenAxis(points, "memory", true)).toEqual({
    axis: { name: "Memory, % of the request", size: 1, hasZones: true },
    values: [100, 75, 50, null],
  });
});

test("cores are what the time of the CPU is to the time that passed", () => {
  expect(usedOf(points, "cores")).toEqual([1, 2, null, null]);
});

test("a node arg of numbers has an axis of numbers, another one of words in their order", () => {
  expect(chosenAxis(points, "arg.year", true)).toEqual({
    axis: { name: "year", size: 1 },
    values: [1990, 1990, 2000, 2000],
  });
  const sex = chosenAxis(points, "arg.sex", false);
  expect(sex.axis.places).toEqual(["", "female", "male"]);
  expect(sex.values).toEqual([2, 2, 1, 0]);
  expect(chosenAxis(points, "arg.nothing", false).values).toEqual([]);
});

test("attempts of which one of both is not known are counted, not drawn", () => {
  const [x, y] = [chosenAxis(points, "runtime", false), chosenAxis(points, "memory", false)];

  expect(placed(x, y, false)).toMatchObject({ at: [0, 1, 2], missing: 1 });
  expect(placed(x, y, true)).toMatchObject({ at: [0, 1], missing: 2 });
});

test("what is enclosed is found", () => {
  const found = placed(chosenAxis(points, "runtime", false), chosenAxis(points, "memory", false), false);
  const area = {
    kind: "rect",
    corners: [
      [500, 0],
      [1300, 8.5 * GIB],
    ],
  } as const;

  expect(enclosedIn(area, found)).toEqual([0]);
});

test("the usual request is the one of most", () => {
  expect(usualRequest(points)).toBe(points.requests[0]);
});
