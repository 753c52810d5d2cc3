import { expect, test } from "vitest";
import { pythonOf } from "./python";

test("a request becomes a call that can be copied", () => {
  expect(
    pythonOf("slurm", { memory: "12G", runtime: "2h", cores: "4" }),
  ).toBe(`template.update_default_compute_resources(
    "slurm",
    memory="12G",
    runtime="2h",
    cores=4,
)`);
});

test("a hostile name of a cluster stays a text of Python", () => {
  expect(pythonOf('x"); import os #\n\u202e', {})).toContain('"x\\"); import os #\\n\\u202e"');
});
