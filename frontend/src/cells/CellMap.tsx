import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useColours } from "../charts/useColours";
import { Status } from "../parts/Status";
import { paths } from "../paths";
import { go } from "../router";
import { TASK_LETTERS } from "../words/statuses";
import type { NodeArgs } from "./args";
import { type Block, idAt } from "./blocks";
import { arranged, fitting, pointOf, SIZES, type Spot, type Step, spotAt, stepped } from "./geometry";
import { paint } from "./paint";

interface Props {
  blocks: readonly Block[];
  orders: readonly (Uint32Array | null)[];
  args: NodeArgs;
  lit: ReadonlySet<string>;
}

/** Pixels: half a million cells can be seen at once. Fewer are made larger as long as they fit into less. */
const MOST = 600;
const USUAL = 440;
const KEYS: Record<string, Step> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};

/** Cells that can be scrolled, made larger and smaller, pointed at, and walked through by keyboard. */
export function CellMap({ blocks, orders, args, lit }: Props) {
  const box = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  const width = useWidth(box);
  const [chosen, setChosen] = useState<number | null>(null);
  const [top, setTop] = useState(0);
  const [spot, setSpot] = useState<Spot | null>(null);
  const sizes = useMemo(() => blocks.map(({ size }) => size), [blocks]);
  const fit = useMemo(() => fitting(sizes, width, USUAL), [sizes.join(), width]);
  const cell = chosen ?? fit;
  const all = useMemo(() => arranged(sizes, width, cell), [sizes.join(), width, cell]);

  const height = Math.min(MOST, all.height);

  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || !width) return;
    const scale = window.devicePixelRatio || 1;
    const [w, h] = [Math.floor(width * scale), Math.floor(height * scale)];
    if (element.width !== w) element.width = w;
    if (element.height !== h) element.height = h;
    const frame = requestAnimationFrame(() =>
      paint(element, { blocks, orders, all, lit, colours }, top, spot),
    );
    return () => cancelAnimationFrame(frame);
  }, [blocks, orders, all, lit, colours, top, spot, width, height]);

  const zoom = (by: number, anchor: Spot | null) => {
    const at = SIZES.findIndex((size) => size >= cell);
    const next = SIZES[Math.max(0, Math.min(SIZES.length - 1, at + by))] ?? cell;
    const kept = anchor ?? spotAt(all, 0, top + height / 2) ?? { block: 0, place: 0 };
    const away = pointOf(all, kept).y - top;
    setChosen(next);
    const then = arranged(sizes, width, next);
    requestAnimationFrame(() => box.current?.scrollTo(0, Math.max(0, pointOf(then, kept).y - away)));
  };
  const numberAt = ({ block, place }: Spot) => orders[block]?.[place] ?? place;
  const idOf = (where: Spot) => idAt(blocks[where.block] as Block, numberAt(where));
  const point = (event: MouseEvent): Spot | null => {
    const rect = canvas.current?.getBoundingClientRect();
    return rect ? spotAt(all, event.clientX - rect.left, event.clientY - rect.top + top) : null;
  };
  const walk = (event: KeyboardEvent) => {
    const step = KEYS[event.key];
    if (step) {
      const next = stepped(all, spot, step);
      setSpot(next);
      if (next) bringIntoSight(box.current, pointOf(all, next).y, cell);
    } else if (event.key === "+" || event.key === "=") zoom(1, spot);
    else if (event.key === "-") zoom(-1, spot);
    else if (event.key === "Escape") setSpot(null);
    else if (event.key === "Enter" && spot) go(paths.task(idOf(spot)));
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    // Listened to by hand, since a passive listener may not keep the page from being zoomed.
    const turn = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1 : -1, point(event));
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  });
  return (
    <div class="cells">
      <div class="row" role="group" aria-label="Size of the cells">
        <button type="button" aria-label="Smaller cells" disabled={cell <= 1} onClick={() => zoom(-1, spot)}>
          −
        </button>
        <button type="button" aria-label="Larger cells" disabled={cell >= 24} onClick={() => zoom(1, spot)}>
          +
        </button>
        <button type="button" onClick={() => setChosen(null)} aria-pressed={chosen === null}>
          All at once
        </button>
        <span class="quiet">
          arrows walk, Enter opens a task, + and − or Ctrl with the wheel change the size
        </span>
      </div>
      <section
        ref={box}
        class="cells-box"
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="application"
        aria-label="All tasks, one cell each. Arrow keys walk through them, Enter opens one."
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={walk}
        onMouseMove={(event) => setSpot(point(event))}
        onMouseLeave={() => setSpot(null)}
        onClick={(event) => {
          const hit = point(event);
          if (hit) go(paths.task(idOf(hit)));
        }}
      >
        <div style={{ height: `${all.height}px` }}>
          <canvas ref={canvas} style={{ height: `${height}px`, width: `${width}px` }} />
        </div>
      </section>
      <Tip blocks={blocks} args={args} spot={spot} number={spot ? numberAt(spot) : 0} />
    </div>
  );
}

interface TipProps {
  blocks: readonly Block[];
  args: NodeArgs;
  spot: Spot | null;
  number: number;
}

/** What is known of the cell that is pointed at. Its node args come when one stays there. */
function Tip({ blocks, args, spot, number }: TipProps) {
  const [, redraw] = useState(0);
  const block = spot ? blocks[spot.block] : undefined;
  const id = block ? idAt(block, number) : 0;
  useEffect(() => {
    if (!spot || !block) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      const again = () => isWanted && redraw((times) => times + 1);
      args.around(spot.block, id).then(again, again);
    }, 120);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [args, spot?.block, id]);
  if (!spot || !block) return <p class="cell-tip quiet">Point at a cell to see which task it is.</p>;
  return (
    <p class="cell-tip" role="status">
      <Status status={TASK_LETTERS[block.statuses.charAt(number)]?.status ?? "PENDING"} /> task {id} of{" "}
      {block.template}
      {args.of(spot.block, number).map(([name, value]) => (
        <span key={name} class="arg">
          {" "}
          {name}=<b>{value}</b>
        </span>
      ))}
    </p>
  );
}

function bringIntoSight(box: HTMLElement | null, y: number, cell: number): void {
  if (!box) return;
  const margin = 40;
  if (y < box.scrollTop + margin) box.scrollTop = y - margin;
  else if (y + cell > box.scrollTop + box.clientHeight) box.scrollTop = y + cell - box.clientHeight + margin;
}

function useWidth(box: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return width;
}
