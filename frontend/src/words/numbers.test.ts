import { expect, test } from "vitest";
import { bytes, counted, hours, percent, short } from "./numbers";

test("one is not many", () => {
  expect(counted(1, "task")).toBe("1 task");
  expect(counted(1200, "task")).toBe("1,200 tasks");
});

test("sizes are in units of 1024", () => {
  expect(bytes(0)).toBe("0 bytes");
  expect(bytes(1536)).toBe("1.5 KiB");
  expect(bytes(123_456_789_012)).toBe("115 GiB");
  expect(bytes(null)).toBe("–");
});

test("little is not nothing, and almost all is not all", () => {
  expect(percent(0)).toBe("0 %");
  expect(percent(0.0001)).toBe("< 1 %");
  expect(percent(0.9999)).toBe("> 99 %");
  expect(percent(1)).toBe("100 %");
  expect(percent(0.126)).toBe("13 %");
  expect(percent(null)).toBe("–");
});

test("three digits count", () => {
  expect(short(0.123456)).toBe("0.12");
  expect(short(12.3456)).toBe("12.3");
  expect(short(1234.56)).toBe("1,235");
});

test("a few seconds are not no hours", () => {
  expect(hours(0)).toBe("0");
  expect(hours(0.001)).toBe("< 0.01");
  expect(hours(1.234)).toBe("1.23");
});
