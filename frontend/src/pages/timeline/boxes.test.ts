import { expect, test } from "vitest";
import { drawingOf, mostAtATime, PATH_ROW } from "./boxes";
import type { CriticalPath, PathStep, Timeline } from "./shapes";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

const row = (name: string, waiting: number[] = [], running: number[] = []) =>
  ({ name, waiting, running }) as unknown as Timeline["rows"][number];

const timeline = (rest: Partial<Timeline>): Timeline => ({
  workflow_id: 1,
  is_active: false,
  by: "template",
  attempts: 2,
  sampled: 2,
  begin: at(0),
  end: at(100),
  slot: 50,
  rows: [row("fit")],
  more_rows: 0,
  bars: null,
  ...rest,
});

const bars = {
  attempt_id: [7, 8],
  task_id: [70, 80],
  row: [0, 0],
  begin: [0, 5],
  started: [10, 5],
  end: [20, 30],
  verdicts: ["done", ""],
  verdict: [0, 1],
};

const step: PathStep = {
  task_id: 70,
  task_name: "fit",
  template: "fit",
  status: "DONE",
  node: null,
  attempt_id: 7,
  attempts: 2,
  ready: at(0),
  submitted: at(30),
  started: at(40),
  ended: at(60),
  waited_to_begin: 10,
  lost: 20,
  queued: 10,
  ran: 20,
};
const path = { steps: [step] } as unknown as CriticalPath;

const said = (drawing: ReturnType<typeof drawingOf>) =>
  drawing.boxes.map((box) => `${drawing.rows[box.row]} ${box.from / 1000}-${box.to / 1000} ${box.look.is}`);

test("an attempt waits, then runs, in a lane of its own; what did not wait has no box for it", () => {
  const drawing = drawingOf(timeline({ bars }), null);

  expect(said(drawing)).toEqual(["fit 0-10 wait", "fit 10-20 ended", "fit 5-30 run"]);
  expect(drawing.boxes.map(({ top, bottom }) => [top, bottom])).toEqual([
    [0, 0.5],
    [0, 0.5],
    [0.5, 1],
  ]);
});

test("the critical path has a row of its own, and its attempts are marked in the others", () => {
  const drawing = drawingOf(timeline({ bars }), path);

  expect(drawing.rows).toEqual([PATH_ROW, "fit"]);
  expect(said(drawing).slice(0, 4)).toEqual([
    "critical path 0-10 idle",
    "critical path 10-30 lost",
    "critical path 30-40 wait",
    "critical path 40-60 run",
  ]);
  expect(drawing.boxes.filter(({ row, isOnPath }) => row === 1 && isOnPath)).toHaveLength(1);
});

test("where there are many, columns say how many ran and waited at a time", () => {
  const many = row("fit", [2, 0], [2, 1]);
  const drawing = drawingOf(timeline({ rows: [many] }), null);

  expect(said(drawing)).toEqual(["fit 0-50 run", "fit 0-50 wait", "fit 50-100 run"]);
  expect(drawing.boxes.map(({ top, bottom }) => [top, bottom])).toEqual([
    [0.5, 1],
    [0, 0.5],
    [0.75, 1],
  ]);
  expect(mostAtATime(many)).toBe(4);
});
