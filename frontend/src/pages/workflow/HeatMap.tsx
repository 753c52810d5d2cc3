import { useEffect, useMemo, useState } from "preact/hooks";
import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { NodeArgs } from "../../cells/args";
import { type Block, blocksOf } from "../../cells/blocks";
import { CellMap } from "../../cells/CellMap";
import { byArg, byStatus } from "../../cells/order";
import { announce } from "../../parts/announce";
import { Loaded } from "../../parts/Loaded";
import { Shape } from "../../parts/Status";
import { useQuery } from "../../router";
import { count, counted } from "../../words/numbers";
import { statusWords, TASK_LETTERS } from "../../words/statuses";
import type { Workflow } from "./shapes";

type Cells = Answer<"/api/v1/workflows/{workflow_id}/cells">;

/** Answers about more tasks than that are large, and are asked for less often. */
const MANY = 50_000;

/** One cell per task. */
export function HeatMap({ workflow }: { workflow: Workflow }) {
  const rest = workflow.tasks > MANY ? 30_000 : 5_000;
  const live = useLive<Cells>(`workflows/${workflow.id}/cells`, { active: workflow.is_active, rest });
  return (
    <section class="panel" aria-label="All tasks">
      <h2>All tasks</h2>
      <Loaded live={live}>
        {(cells) =>
          cells.templates.length ? (
            <Whole workflow={workflow.id} cells={cells} />
          ) : (
            <p class="quiet">There is no task yet.</p>
          )
        }
      </Loaded>
    </section>
  );
}

function Whole({ workflow, cells }: { workflow: number; cells: Cells }) {
  const blocks = useMemo(() => blocksOf(cells), [cells]);
  const shape = blocks.map(({ template, size, froms }) => `${template} ${size} ${froms.join()}`).join("\n");
  const args = useMemo(() => new NodeArgs(workflow, blocks, cells.chunk), [workflow, shape]);
  const [query, change] = useQuery();
  const lit = useMemo(() => new Set((query.get("lit") ?? "").split(",").filter(Boolean)), [query.get("lit")]);
  const order = query.get("order") ?? "";
  const { orders, names, said } = useOrders(blocks, args, order);
  const toggle = (letter: string) => {
    const next = lit.has(letter) ? [...lit].filter((each) => each !== letter) : [...lit, letter];
    change({ lit: next.join(",") || null });
  };
  return (
    <>
      <div class="row">
        <Letters blocks={blocks} lit={lit} toggle={toggle} />
        <label class="push">
          Ordered{" "}
          <select value={order} onChange={(event) => change({ order: event.currentTarget.value || null })}>
            <option value="">as they were made</option>
            <option value="status">by status</option>
            {names.map((name) => (
              <option key={name} value={`arg.${name}`}>
                by {name}
              </option>
            ))}
          </select>
        </label>
        {said && <span class="quiet">{said}</span>}
      </div>
      <CellMap blocks={blocks} orders={orders} args={args} lit={lit} />
    </>
  );
}

interface LettersProps {
  blocks: readonly Block[];
  lit: ReadonlySet<string>;
  toggle: (letter: string) => void;
}

/** What the colours mean, with how many there are; those that are pressed stand out. */
function Letters({ blocks, lit, toggle }: LettersProps) {
  const counts = useMemo(() => countsOf(blocks), [blocks]);
  return (
    <fieldset class="choice" aria-label="Let stand out">
      {Object.entries(TASK_LETTERS)
        .filter(([letter]) => counts.get(letter))
        .map(([letter, { status, tone }]) => (
          <button key={letter} type="button" aria-pressed={lit.has(letter)} onClick={() => toggle(letter)}>
            <Shape tone={tone} /> {statusWords(status)} {count(counts.get(letter) ?? 0)}
          </button>
        ))}
    </fieldset>
  );
}

function countsOf(blocks: readonly Block[]): Map<string, number> {
  const found = new Uint32Array(128);
  for (const { statuses } of blocks) {
    for (let at = 0; at < statuses.length; at += 1) {
      const code = statuses.charCodeAt(at);
      found[code] = (found[code] ?? 0) + 1;
    }
  }
  return new Map([...found].map((number, code) => [String.fromCharCode(code), number]));
}

/** The order in which each block is shown; null as it is. Node args are asked for when one wants to order by them. */
function useOrders(blocks: readonly Block[], args: NodeArgs, order: string) {
  const [names, setNames] = useState<string[]>([]);
  const [there, setThere] = useState<NodeArgs | null>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    let isWanted = true;
    const tell = (text: string) => isWanted && setSaid(text);
    args.begin().then(
      () => isWanted && setNames(args.names()),
      (error: unknown) => tell(`Node args do not come: ${error}`),
    );
    return () => {
      isWanted = false;
    };
  }, [args]);
  useEffect(() => {
    if (!order.startsWith("arg.")) return;
    let isWanted = true;
    const progress = (done: number, of: number) =>
      isWanted && setSaid(done < of ? `${done} of ${counted(of, "part")} of the node args` : "");
    args.all(progress).then(
      () => {
        if (!isWanted) return;
        setThere(args);
        setNames(args.names());
        announce(`Ordered by ${order.slice(4)}.`);
      },
      (error: unknown) => isWanted && setSaid(`Node args do not come: ${error}`),
    );
    return () => {
      isWanted = false;
    };
  }, [args, order]);
  const orders = useMemo(
    () =>
      blocks.map(({ statuses }, block) => {
        if (order === "status") return byStatus(statuses);
        if (!order.startsWith("arg.") || there !== args) return null;
        const arg = args.arg(block, order.slice(4));
        return arg ? byArg(arg) : null;
      }),
    [blocks, order, args, there],
  );
  return { orders, names, said };
}
