import { expect, test } from "vitest";
import { concentration } from "./nodes";
import type { ErrorGroup } from "./shapes";

const group = (nodes: Record<string, number>, count = Object.keys(nodes).length): ErrorGroup => {
  const total = Object.values(nodes).reduce((sum, each) => sum + each, 0);
  return {
    nodes: Object.entries(nodes).map(([name, attempts]) => ({ name, attempts, share: attempts / total })),
    node_count: count,
    looked_at: total,
  } as ErrorGroup;
};

test("an error that keeps to one of many nodes is pointed out", () => {
  expect(concentration(group({ c12: 17, c13: 1, c14: 1, c15: 1 }))).toBe("85 % on c12");
});

test("errors that are spread, few, or of a single machine, are not", () => {
  expect(concentration(group({ c1: 3, c2: 3, c3: 2 }))).toBeNull();
  expect(concentration(group({ c1: 3, c2: 1 }))).toBeNull();
  expect(concentration(group({ laptop: 100 }))).toBeNull();
});
