import { expect, test } from "vitest";
import { summed } from "./overTime";

test("templates are added up stretch by stretch", () => {
  const activity = { begin: "1970-01-01T00:01:00Z", step: 60 };

  expect(
    summed(activity, [
      [1, 2],
      [10, 20, 30],
    ]),
  ).toEqual([
    [60_000, 11],
    [120_000, 22],
    [180_000, 30],
  ]);
  expect(summed(activity, [])).toEqual([]);
});
