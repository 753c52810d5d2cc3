import { expect, test } from "vitest";
import { cleaned, cleanedLine, LONGEST_LINE } from "./clean";
import { highlighted } from "./highlight";

const PYTHON = `Application error: exit code 1.
Traceback (most recent call last):
  File "/home/study/model.py", line 12, in fit
    return solve(matrix)
           ^^^^^^^^^^^^^
  File "/opt/env/lib/python3.11/site-packages/numpy/linalg.py", line 99, in solve
    raise LinAlgError("Singular matrix")
numpy.linalg.LinAlgError: Singular matrix`;

const kinds = (text: string) =>
  highlighted(text).lines.map((line) => line.pieces.map((piece) => piece.kind).join(" "));
const whole = (text: string) =>
  highlighted(text).lines.map((line) => line.pieces.map((piece) => piece.text).join(""));

test("a Python traceback shows where it happened and what was wrong", () => {
  expect(kinds(PYTHON)).toEqual([
    "plain",
    "heading",
    "plain file plain place plain place",
    "code",
    "mark",
    "plain file plain place plain place",
    "code",
    "error mark",
  ]);
  expect(whole(PYTHON).join("\n")).toBe(PYTHON);
});

test("frames of libraries are told from those of the study", () => {
  expect(highlighted(PYTHON).lines.map((line) => line.isForeign)).toEqual([
    false,
    false,
    false,
    false,
    false,
    true,
    true,
    false,
  ]);
});

test("an error of R and a kill are seen", () => {
  expect(kinds("Error in readRDS(path) : cannot open the connection\nExecution halted")).toEqual([
    "error mark",
    "note",
  ]);
  expect(kinds("slurmstepd: error: Detected 1 oom_kill event")).toEqual(["error plain"]);
  expect(kinds("all is well")).toEqual(["plain"]);
});

test("markup stays the text that it is", () => {
  const hostile = '<script>alert("x")</script><img src=x onerror=alert(1)>';

  expect(whole(hostile)).toEqual([hostile]);
});

test("what steers terminals or turns the reading direction is not heeded", () => {
  expect(cleanedLine("\u001b[31mred\u001b[0m \u001b]8;;http://evil\u0007link\u001b]8;;\u0007")).toBe(
    "red link",
  );
  expect(cleanedLine("a\u0000b\u0007c\u007f")).toBe("a␀b␇c␡");
  expect(cleanedLine("user\u202egnp.exe")).toBe("user\ufffdgnp.exe");
});

test("progress that overwrites itself becomes lines", () => {
  expect(cleaned("10%\r20%\r\ndone\n").lines).toEqual(["10%", "20%", "done"]);
});

test("a line of a million characters is cut and says so", () => {
  const shown = cleanedLine("x".repeat(1_000_000));

  expect(shown.length).toBeLessThan(LONGEST_LINE + 50);
  expect(shown).toContain("998,000 more characters");
});

test("hostile lines take no time", () => {
  const lines = [
    "a.".repeat(50_000),
    "\u001b[".repeat(50_000),
    'File "'.repeat(50_000),
    " ".repeat(100_000),
    "|+ ".repeat(50_000),
    "Error in ".repeat(50_000),
    "\u001b]".repeat(50_000),
  ];
  const start = performance.now();

  for (const line of lines) highlighted(`  File "a", line 1\n${line}`);

  expect(performance.now() - start).toBeLessThan(1_000);
});

test("of many lines the last are shown", () => {
  const { lines, hidden } = highlighted(Array.from({ length: 1_000 }, (_, at) => `line ${at}`).join("\n"));

  expect(hidden).toBe(600);
  expect(lines.at(-1)?.pieces).toEqual([{ kind: "plain", text: "line 999" }]);
});
