import { expect, test } from "vitest";
import { isActive, pause } from "./live";

test("what is over is not asked for again", () => {
  expect(pause(isActive({ is_active: false }), null)).toBeNull();
  expect(pause(isActive(null), null)).toBeNull();
  expect(pause(isActive({ is_active: true }), null)).toBe(5_000);
});

test("a list is active if something in it is", () => {
  expect(isActive({ items: [{ is_active: false }, { is_active: true }] })).toBe(true);
  expect(isActive({ items: [{ is_active: false }, { id: 1 }] })).toBe(false);
});

test("a server that fails is asked less often, and a refusal not again", () => {
  expect(pause(true, { mayPass: true })).toBe(15_000);
  expect(pause(false, { mayPass: true })).toBe(15_000);
  expect(pause(true, { mayPass: false })).toBeNull();
});
