import { expect, test } from "vitest";
import { before, beginOf, CHUNK, endOf, MOST, pieces, textOf, withNext, withPrevious } from "./window";

const chunk = (offset: number, text: string) => ({ offset, end: offset + text.length, text });

test("what comes after it is added", () => {
  const window = withNext(withNext([], chunk(10, "ab")), chunk(12, "cd"));

  expect([textOf(window), beginOf(window), endOf(window)]).toEqual(["abcd", 10, 14]);
  expect(withNext(window, chunk(14, ""))).toBe(window);
});

test("a file that was begun anew begins the window anew", () => {
  expect(textOf(withNext([chunk(10, "old")], chunk(0, "new")))).toBe("new");
});

test("what stands before it is added", () => {
  const window = withPrevious([chunk(10, "cd")], chunk(8, "ab"));

  expect([textOf(window), beginOf(window)]).toEqual(["abcd", 8]);
});

test("what is too much is forgotten at the other side", () => {
  const large = "x".repeat(MOST);

  expect(textOf(withNext([chunk(0, "old")], chunk(3, large)))).toBe(large);
  expect(beginOf(withPrevious([chunk(MOST, "old")], chunk(0, large)))).toBe(0);
});

test("the server is never asked for less than it reads", () => {
  expect(before([chunk(0, "a")])).toBeNull();
  expect(before([chunk(CHUNK + 2_000, "a")])).toEqual({ offset: 2_000, limit: CHUNK });
  expect(before([chunk(CHUNK + 500, "a")])).toEqual({ offset: 0, limit: CHUNK + 500 });
  expect(before([chunk(5, "a")])).toEqual({ offset: 0, limit: 1024 });
});

test("what is looked for is found in large and small letters", () => {
  expect(pieces("An Error, an error", "ERROR")).toEqual(["An ", "Error", ", an ", "error", ""]);
  expect(pieces("nothing", "error")).toEqual(["nothing"]);
  expect(pieces("nothing", "")).toEqual(["nothing"]);
});
