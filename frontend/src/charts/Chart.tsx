import "./charts.css";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Colours } from "./colours";
import { type Drawn, drawnIn, type Option } from "./echarts";
import { useColours } from "./useColours";
import { moved, WHOLE, type Window, zoomed } from "./window";

export interface ChartProps {
  /** What the picture says, in a sentence: it is read out in its place. */
  label: string;
  option: (colours: Colours) => Option;
  height?: number;
  /** Callbacks by the names of ECharts' events. */
  on?: Record<string, (event: never) => void>;
  /** Whether it has a window that can be moved along an axis. */
  zooms?: boolean;
  /** Called with the chart when it is there, for what its option cannot say. */
  onDrawn?: (chart: Drawn) => void;
  /** What stands below it: its figures, say. */
  children?: ComponentChildren;
}

/** A chart that is as wide as its place, light or dark as the page, and described for those who do not see it. */
export function Chart({
  label,
  option,
  height = 280,
  on = {},
  zooms = false,
  onDrawn,
  children,
}: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<Drawn | null>(null);
  const colours = useColours();
  const handlers = useRef(on);
  handlers.current = on;

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = drawnIn(element);
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(element);
    for (const name of Object.keys(handlers.current)) {
      made.on(name, (event: unknown) => handlers.current[name]?.(event as never));
    }
    setChart(made);
    return () => {
      watch.disconnect();
      made.dispose();
    };
  }, []);

  useEffect(() => {
    chart?.setOption(option(colours), { replaceMerge: ["series"] });
  }, [chart, colours, option]);

  useEffect(() => {
    if (chart) onDrawn?.(chart);
  }, [chart]);

  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={label} style={{ height: `${height}px` }} />
      {zooms && chart && <WindowButtons chart={chart} />}
      {children}
    </figure>
  );
}

/** What a drag and the wheel do, for keyboards. */
function WindowButtons({ chart }: { chart: Drawn }) {
  const change = (to: (now: Window) => Window) => {
    const { start, end } = to(windowOf(chart));
    chart.dispatchAction({ type: "dataZoom", start, end });
  };
  return (
    <fieldset class="chart-window" aria-label="What part of the chart is shown">
      <button type="button" onClick={() => change((now) => moved(now, -1))} aria-label="Earlier part">
        ◀
      </button>
      <button type="button" onClick={() => change((now) => zoomed(now, 2))} aria-label="Show less, larger">
        +
      </button>
      <button type="button" onClick={() => change((now) => zoomed(now, 0.5))} aria-label="Show more, smaller">
        −
      </button>
      <button type="button" onClick={() => change((now) => moved(now, 1))} aria-label="Later part">
        ▶
      </button>
      <button type="button" onClick={() => change(() => WHOLE)}>
        All
      </button>
    </fieldset>
  );
}

function windowOf(chart: Drawn): Window {
  const [zoom] = (chart.getOption() as { dataZoom?: Partial<Window>[] }).dataZoom ?? [];
  return { start: zoom?.start ?? 0, end: zoom?.end ?? 100 };
}
