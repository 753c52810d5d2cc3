// A timeline's boxes on a canvas: a band for each row.

import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { axis, base, tip, windowOn } from "../../charts/look";
import { colourOf, letterOf } from "../../charts/verdicts";
import type { Box, Drawing, Look } from "./boxes";

const LETTER = 9; // pixels that one needs
const GAP = 0.14; // of a band, between it and the next

export interface Words {
  row: (row: number) => string;
  time: (moment: number) => string;
  tip: (box: Box) => HTMLElement;
}

export function timelineChart({ rows, boxes, from, to }: Drawing, words: Words) {
  return (colours: Colours): Option => ({
    ...base(colours),
    legend: { show: false },
    grid: { left: 170, right: 24, top: 8, bottom: 30 },
    tooltip: tip((hit: { dataIndex: number }) => {
      const box = boxes[hit.dataIndex];
      return box ? words.tip(box) : "";
    }),
    dataZoom: [windowOn("x")],
    xAxis: {
      ...axis(colours, ""),
      type: "time",
      min: from,
      max: to,
      axisLabel: { color: colours.quiet, hideOverlap: true, formatter: words.time },
    },
    yAxis: {
      ...axis(colours, ""),
      type: "category",
      inverse: true,
      data: rows.map((_, row) => words.row(row)),
      axisLabel: { color: colours.text, width: 156, overflow: "truncate", interval: 0, lineHeight: 15 },
      splitLine: { show: true, lineStyle: { color: colours.sunk } },
    },
    series: [
      {
        type: "custom",
        clip: true,
        renderItem: boxOf(boxes, colours),
        encode: { x: [0, 1], y: 2 },
        progressive: 4_000,
        data: boxes.map((box) => [box.from, box.to, box.row]),
      },
    ],
  });
}

interface Api {
  coord: (point: [number, number]) => [number, number];
  size: (of: [number, number]) => [number, number];
}

interface Place {
  dataIndex: number;
  coordSys: { x: number; width: number };
}

const boxOf = (boxes: readonly Box[], colours: Colours) => (place: Place, api: Api) => {
  const box = boxes[place.dataIndex];
  if (!box) return null;
  const [left, middle] = api.coord([box.from, box.row]);
  const [right] = api.coord([box.to, box.row]);
  const x = Math.max(left, place.coordSys.x);
  const end = Math.min(Math.max(right, left + 1), place.coordSys.x + place.coordSys.width);
  if (end <= x) return null;
  const band = api.size([0, 1])[1] * (1 - GAP);
  const y = middle - band / 2 + box.top * band;
  const height = Math.max(1, (box.bottom - box.top) * band - ((box.bottom - box.top) * band > 5 ? 1 : 0));
  const edge = box.isOnPath ? { stroke: colours.text, lineWidth: 1.5 } : {};
  const rect = {
    type: "rect",
    shape: { x, y, width: end - x, height },
    style: { fill: fillOf(box.look, colours), ...edge },
    z2: box.isOnPath ? 2 : 1,
  };
  const letter = box.look.is === "ended" ? letterOf(box.look.verdict) : "";
  const hasRoom = height >= LETTER && end - x >= LETTER;
  return {
    type: "group",
    children: letter && hasRoom ? [rect, letterAt(letter, x, y + height / 2, colours)] : [rect],
  };
};

/** Why an attempt failed, so that its colour is not all that says so. */
const letterAt = (letter: string, x: number, y: number, colours: Colours) => ({
  type: "text",
  style: {
    text: letter,
    x: x + 2,
    y,
    fill: colours.ground,
    font: "bold 10px sans-serif",
    verticalAlign: "middle",
  },
  z2: 3,
  silent: true,
});

function fillOf(look: Look, colours: Colours): string {
  switch (look.is) {
    case "ended":
      return colourOf(look.verdict, colours);
    case "run":
      return colours.running;
    case "lost":
      return colours.fatal;
    case "wait":
      return colours.pending;
    case "idle":
      return colours.line;
  }
}
