import { expect, test } from "vitest";
import { progressWords, statusWords, toneOf } from "./statuses";

test("a strip of colours is said in words", () => {
  expect(progressWords({ PENDING: 4, RUNNING: 2, DONE: 3, FATAL: 1 })).toBe(
    "3 of 10 done, 1 failed, 2 running",
  );
  expect(progressWords({})).toBe("0 of 0 done");
});

test("a status that is not known looks like one that waits", () => {
  expect(toneOf("ERROR_FATAL")).toBe("fatal");
  expect(toneOf("NEVER_HEARD_OF")).toBe("pending");
  expect(statusWords("ERROR_FATAL")).toBe("error fatal");
});
