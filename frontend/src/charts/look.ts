// What all charts have in common: their letters, axes and tips.

import type { Colours } from "./colours";
import type { Option } from "./echarts";

/** The beginning of every chart's option. */
export function base(colours: Colours): Option {
  return {
    animation: false,
    textStyle: { color: colours.text, fontFamily: "system-ui, 'DejaVu Sans', sans-serif", fontSize: 12 },
    backgroundColor: "transparent",
    aria: { enabled: true, label: { enabled: false }, decal: { show: false } },
    grid: { left: 12, right: 24, top: 36, bottom: 12, outerBoundsMode: "same" },
    legend: legend(colours),
  };
}

export const legend = (colours: Colours, rest: Option = {}): Option => ({
  type: "scroll",
  top: 0,
  left: 0,
  itemWidth: 14,
  itemHeight: 10,
  textStyle: { color: colours.text },
  inactiveColor: colours.line,
  pageIconColor: colours.text,
  pageIconInactiveColor: colours.line,
  pageTextStyle: { color: colours.quiet },
  ...rest,
});

/** A tip whose content is made of elements: none of what is in it can become markup. */
export const tip = (content: (hit: never) => HTMLElement | string, rest: Option = {}): Option => ({
  confine: true,
  transitionDuration: 0,
  className: "chart-tip",
  padding: 0,
  borderWidth: 0,
  backgroundColor: "transparent",
  extraCssText: "box-shadow: none; white-space: normal",
  formatter: content,
  ...rest,
});

export function axis(colours: Colours, name: string, rest: Option = {}): Option {
  return {
    name,
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: { color: colours.quiet },
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.quiet, hideOverlap: true },
    splitLine: { lineStyle: { color: colours.sunk } },
    ...rest,
  };
}

/** A window on an axis: the wheel and a drag move it, and so do the buttons below the chart. */
export const windowOn = (which: "x" | "y", rest: Option = {}): Option => ({
  type: "inside",
  [which === "x" ? "xAxisIndex" : "yAxisIndex"]: "all",
  filterMode: "none",
  // The wheel alone scrolls the page.
  zoomOnMouseWheel: "ctrl",
  moveOnMouseWheel: false,
  preventDefaultMouseMove: true,
  ...rest,
});
