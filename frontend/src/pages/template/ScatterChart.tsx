import { useEffect, useMemo, useState } from "preact/hooks";
import { Chart } from "../../charts/Chart";
import type { Drawn } from "../../charts/echarts";
import type { Area, Point } from "../../charts/selection";
import { type Points, scatter } from "./scatter";

interface Props {
  label: string;
  points: Points;
  tipFor: (at: number) => HTMLElement;
  area: Area | null;
  onArea: (area: Area | null) => void;
}

interface Enclosed {
  areas: { brushType: string; coordRange: [number, number][] }[];
}

/** Points, of which some can be enclosed: in a rectangle, by a line drawn around them, or by numbers. */
export function ScatterChart({ label, points, tipFor, area, onArea }: Props) {
  const [chart, setChart] = useState<Drawn | null>(null);
  const [tool, setTool] = useState<"rect" | "polygon" | null>(null);
  const { size: xSize } = points.x;
  const { size: ySize } = points.y;
  const option = useMemo(() => scatter(points, tipFor), [points, tipFor]);

  const onEnclosed = (event: Enclosed) => {
    const found = areaFrom(event, xSize, ySize);
    if (found) onArea(found);
  };
  useEffect(() => {
    chart?.dispatchAction({
      type: "takeGlobalCursor",
      key: "brush",
      brushOption: { brushType: tool ?? false, brushMode: "single" },
    });
  }, [chart, tool, option]);
  useEffect(() => {
    chart?.dispatchAction({ type: "brush", areas: area ? [enclosing(area, xSize, ySize)] : [] });
  }, [chart, area, xSize, ySize]);

  return (
    <Chart label={label} option={option} height={420} zooms onDrawn={setChart} on={{ brushEnd: onEnclosed }}>
      <fieldset class="chart-tools" aria-label="Choose points">
        <Tool
          name="Rectangle"
          isOn={tool === "rect"}
          onClick={() => setTool(tool === "rect" ? null : "rect")}
        />
        <Tool
          name="Line around"
          isOn={tool === "polygon"}
          onClick={() => setTool(tool === "polygon" ? null : "polygon")}
        />
        <button type="button" disabled={!area} onClick={() => onArea(null)}>
          Choose none
        </button>
      </fieldset>
      <ByNumbers points={points} onArea={onArea} />
    </Chart>
  );
}

function Tool({ name, isOn, onClick }: { name: string; isOn: boolean; onClick: () => void }) {
  return (
    <button type="button" aria-pressed={isOn} onClick={onClick}>
      {name}
    </button>
  );
}

function areaFrom({ areas: [first] }: Enclosed, xSize: number, ySize: number): Area | null {
  if (!first) return null;
  const scaled = ([x, y]: Point): Point => [x * xSize, y * ySize];
  if (first.brushType === "polygon") return { kind: "polygon", points: first.coordRange.map(scaled) };
  const [[x0, x1], [y0, y1]] = first.coordRange as [[number, number], [number, number]];
  return { kind: "rect", corners: [scaled([x0, y0]), scaled([x1, y1])] };
}

function enclosing(area: Area, xSize: number, ySize: number) {
  const axes = { xAxisIndex: 0, yAxisIndex: 0 };
  if (area.kind === "polygon") {
    return { ...axes, brushType: "polygon", coordRange: area.points.map(([x, y]) => [x / xSize, y / ySize]) };
  }
  const [[x0, y0], [x1, y1]] = area.corners;
  const range = (one: number, other: number) => [Math.min(one, other), Math.max(one, other)];
  return {
    ...axes,
    brushType: "rect",
    coordRange: [range(x0 / xSize, x1 / xSize), range(y0 / ySize, y1 / ySize)],
  };
}

/** The same without a mouse. */
function ByNumbers({ points, onArea }: { points: Points; onArea: (area: Area) => void }) {
  const { x, y } = points;
  const choose = (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const at = (name: string, otherwise: number) => {
      const text = String(form.get(name) ?? "").trim();
      return text === "" ? otherwise : Number(text);
    };
    const least: Point = [at("x0", 0) * x.size, at("y0", 0) * y.size];
    const most: Point = [at("x1", 1e15) * x.size, at("y1", 1e15) * y.size];
    onArea({ kind: "rect", corners: [least, most] });
  };
  return (
    <details class="figures">
      <summary>Choose points by numbers</summary>
      <form class="by-numbers" onSubmit={choose}>
        <Bounds name={x.name} keys={["x0", "x1"]} />
        <Bounds name={y.name} keys={["y0", "y1"]} />
        <button type="submit">Choose</button>
      </form>
    </details>
  );
}

function Bounds({ name, keys: [from, to] }: { name: string; keys: readonly [string, string] }) {
  return (
    <span>
      {name} from <input type="number" step="any" name={from} aria-label={`${name} from`} /> to{" "}
      <input type="number" step="any" name={to} aria-label={`${name} to`} />
    </span>
  );
}
