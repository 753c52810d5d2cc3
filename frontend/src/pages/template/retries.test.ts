import { expect, test } from "vitest";
import { streamOf } from "./retries";

test("attempts lead to their ends, and those that were not the last to the next attempt", () => {
  const { nodes, links } = streamOf([
    { attempt: 1, verdict: "out of memory", tasks: 3, again: 2 },
    { attempt: 1, verdict: "done", tasks: 7, again: 0 },
    { attempt: 2, verdict: "done", tasks: 2, again: 0 },
  ]);

  expect(nodes.map(({ label, tasks }) => `${label}: ${tasks}`)).toEqual([
    "attempt 1: 10",
    "done: 7",
    "out of memory: 3",
    "attempt 2: 2",
    "done: 2",
  ]);
  expect(links.map(({ source, target, value }) => `${source} > ${target}: ${value}`)).toEqual([
    "attempt 1 > 1 out of memory: 3",
    "1 out of memory > attempt 2: 2",
    "attempt 1 > 1 done: 7",
    "attempt 2 > 2 done: 2",
  ]);
});

test("a next attempt that has not ended yet is not drawn", () => {
  expect(streamOf([{ attempt: 1, verdict: "lost", tasks: 1, again: 1 }]).links).toHaveLength(1);
});
