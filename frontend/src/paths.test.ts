import { expect, test } from "vitest";
import { matched, paths } from "./paths";

test("a path of a form gives its parts by name", () => {
  expect(matched("/workflow/:id/errors", "/workflow/7/errors")).toEqual({ id: "7" });
});

test("a slash at the end makes no difference", () => {
  expect(matched("/usage", "/usage/")).toEqual({});
  expect(matched("/", "/")).toEqual({});
});

test("other paths do not match", () => {
  expect(matched("/workflow/:id", "/workflow")).toBeNull();
  expect(matched("/workflow/:id", "/workflow/")).toBeNull();
  expect(matched("/workflow/:id", "/workflow/7/errors")).toBeNull();
  expect(matched("/workflow/:id", "/task/7")).toBeNull();
  expect(matched("/workflow/:id", "/workflow/%")).toBeNull();
});

test("a template's name may hold any character", () => {
  const path = paths.template(7, "a/b ?#%é");
  expect(matched("/workflow/:id/template/:name", path)).toEqual({ id: "7", name: "a/b ?#%é" });
});
