import { expect, test } from "vitest";
import { questionOf } from "./question";

const asked = (address: string) => questionOf(new URLSearchParams(address)).toString();

test("what filters attempts is asked, and nothing else of the address", () => {
  expect(asked("verdict=done,lost&arg.year=1990&x=memory&area=rect:1,2,3,4")).toBe(
    "verdict=done%2Clost&arg.year=1990",
  );
});

test("numbers of attempts are asked one by one, and what is no number not at all", () => {
  expect(asked("attempt=1,2,x,-3")).toBe("attempt=1&attempt=2");
});
