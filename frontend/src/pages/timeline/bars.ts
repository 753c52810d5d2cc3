// Attempts as bars: grey while they waited for their turn, coloured while they ran. A band for each row, lanes in it.

import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, tip, windowOn } from "../../charts/look";
import { colourOf } from "../../charts/verdicts";

/** An attempt, in milliseconds; what has not ended yet ends now. */
export interface Bar {
  row: number;
  lane: number;
  begin: number;
  started: number;
  end: number;
  verdict: string;
  isCritical: boolean;
}

export interface Drawing {
  rows: readonly string[];
  /** How many lanes each row has. */
  lanes: readonly number[];
  bars: readonly Bar[];
  from: number;
  to: number;
  time: (moment: number) => string;
}

const GAP = 0.12; // of a band, between it and the next

export function bars(drawing: Drawing, tipFor: (at: number) => HTMLElement) {
  const { rows, from, to, time } = drawing;
  return (colours: Colours): Option => ({
    ...base(colours),
    legend: { show: false },
    grid: { left: 150, right: 24, top: 8, bottom: 46 },
    tooltip: tip((hit: { dataIndex: number }) => tipFor(hit.dataIndex)),
    dataZoom: [windowOn("x", { id: "x" })],
    xAxis: {
      ...axis(colours, "time", { nameGap: 28 }),
      type: "time",
      min: from,
      max: to,
      axisLabel: { color: colours.quiet, hideOverlap: true, formatter: (moment: number) => time(moment) },
    },
    yAxis: {
      ...axis(colours, ""),
      type: "category",
      inverse: true,
      data: rows,
      axisLabel: { color: colours.text, width: 136, overflow: "truncate", interval: 0 },
      splitLine: { show: true, lineStyle: { color: colours.sunk } },
    },
    series: [
      {
        type: "custom",
        renderItem: barOf(drawing, colours),
        encode: { x: [0, 2], y: 3 },
        progressive: 2_000,
        data: drawing.bars.map(({ begin, started, end, row }) => [begin, started, end, row]),
      },
    ],
  });
}

interface Api {
  value: (dimension: number) => number;
  coord: (point: [number, number]) => [number, number];
  size: (of: [number, number]) => [number, number];
}

interface Place {
  dataIndex: number;
  coordSys: { x: number; width: number };
}

function barOf({ bars: all, lanes }: Drawing, colours: Colours) {
  return (place: Place, api: Api) => {
    const bar = all[place.dataIndex];
    if (!bar) return null;
    const [begin, middle] = api.coord([bar.begin, bar.row]);
    const [started] = api.coord([bar.started, bar.row]);
    const [end] = api.coord([bar.end, bar.row]);
    const band = api.size([0, 1])[1] * (1 - GAP);
    const lane = band / Math.max(1, lanes[bar.row] ?? 1);
    const top = middle - band / 2 + bar.lane * lane;
    const height = Math.max(1, Math.min(lane - (lane > 4 ? 1 : 0), 18));
    const box = (from: number, to: number, fill: string, isEdged: boolean) =>
      clipped(place, from, to, top, height, fill, isEdged ? colours.text : null);
    return {
      type: "group",
      children: [
        box(begin, started, colours.line, false),
        box(started, Math.max(end, started + 1), colourOf(bar.verdict, colours), bar.isCritical),
      ].filter((child) => child !== null),
    };
  };
}

/** A box as far as it is in the picture; null if it is not. */
function clipped(
  { coordSys }: Place,
  from: number,
  to: number,
  y: number,
  height: number,
  fill: string,
  edge: string | null,
) {
  const x = Math.max(from, coordSys.x);
  const end = Math.min(to, coordSys.x + coordSys.width);
  if (end <= x) return null;
  const stroke = edge ? { stroke: edge, lineWidth: 2 } : {};
  return {
    type: "rect",
    shape: { x, y, width: end - x, height },
    style: { fill, ...stroke },
    z2: edge ? 2 : 1,
  };
}
