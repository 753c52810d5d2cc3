import { expect, test } from "vitest";
import { themeOf } from "./theme";

test("the frame around us decides", () => {
  expect(themeOf(["dark"], "light", false)).toBe("dark");
  expect(themeOf(["light"], "dark", true)).toBe("light");
});

test("alone, what Airflow remembered decides, and then the system", () => {
  expect(themeOf([], "dark", false)).toBe("dark");
  expect(themeOf([], "system", true)).toBe("dark");
  expect(themeOf([], null, false)).toBe("light");
});
