import { expect, test } from "vitest";
import { added, filtersOf, removed } from "./filtering";

const query = new URLSearchParams("user=a,b&user!=c&after=xyz&arg.year=1990");
const allowed = (key: string) => key === "user" || key.startsWith("arg.");

test("filters are read from the address, those that exclude too", () => {
  expect(filtersOf(query, allowed)).toEqual([
    { key: "user", isNot: false, values: ["a", "b"] },
    { key: "user", isNot: true, values: ["c"] },
    { key: "arg.year", isNot: false, values: ["1990"] },
  ]);
});

test("a value is added once", () => {
  expect(added(query, "user", false, "d")).toEqual(["user", "a,b,d"]);
  expect(added(query, "user", false, "a")).toEqual(["user", "b,a"]);
  expect(added(query, "tool", true, "x")).toEqual(["tool!", "x"]);
});

test("the last value that is removed takes the filter along", () => {
  const [filter, other] = filtersOf(query, allowed);

  expect(filter && removed(query, filter, "a")).toEqual(["user", "b"]);
  expect(other && removed(query, other, "c")).toEqual(["user!", null]);
});

test("a value may have commas in it", () => {
  const [name, text] = added(new URLSearchParams("arg.ages=1"), "arg.ages", false, "2,3");
  const [filter] = filtersOf(new URLSearchParams({ [name]: text }), allowed);

  expect(text).toBe("1,2\\,3");
  expect(filter?.values).toEqual(["1", "2,3"]);
});
