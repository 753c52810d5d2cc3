import { expect, test } from "vitest";
import { mixed, packed } from "./paint";

test("a colour is packed as canvases have it in memory", () => {
  expect(packed("#010203").toString(16)).toBe("ff030201");
  expect(packed("#ffffff")).toBe(0xffffffff);
});

test("a colour is mixed into another", () => {
  expect(mixed(packed("#ffffff"), packed("#000000"), 0.2)).toBe(packed("#333333"));
  expect(mixed(packed("#d55e00"), packed("#d55e00"), 0.5)).toBe(packed("#d55e00"));
});
