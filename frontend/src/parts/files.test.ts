import { expect, test } from "vitest";
import { csvOf, jsonOf } from "./files";

test("cells with commas, quotes and line ends stay cells", () => {
  expect(csvOf(["a", "b"], [['x,"y"', "two\nlines"]])).toBe('a,b\r\n"x,""y""","two\nlines"\r\n');
});

test("no spreadsheet runs what a cell says", () => {
  expect(csvOf(["a"], [['=HYPERLINK("http://x")'], ["@SUM(1)"], ["-cmd"]])).toBe(
    'a\r\n"\'=HYPERLINK(""http://x"")"\r\n\'@SUM(1)\r\n\'-cmd\r\n',
  );
});

test("numbers below zero are numbers, and what is not known is empty", () => {
  expect(csvOf(["a", "b"], [[-1.5, null]])).toBe("a,b\r\n-1.5,\r\n");
});

test("rows as JSON carry the names of their columns", () => {
  expect(JSON.parse(jsonOf(["task", "memory"], [[7, undefined]]))).toEqual([{ task: 7, memory: null }]);
});
