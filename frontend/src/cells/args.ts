import { type Answer, get } from "../api/client";
import { type Block, chunksOf, numberOf } from "./blocks";
import type { Arg } from "./order";

type Chunk = Answer<"/api/v1/workflows/{workflow_id}/cells/args">;

/** So many chunks are asked for at a time. */
const AT_ONCE = 3;

/** The node args of a workflow's tasks, asked for when they are needed, and kept: they never change. */
export class NodeArgs {
  private readonly args: Map<string, Arg>[];
  private readonly places = new Map<Arg, Map<string, number>>();
  private readonly asked = new Map<string, Promise<void>>();

  constructor(
    private readonly workflow: number,
    private readonly blocks: readonly Block[],
    private readonly chunk: number,
  ) {
    this.args = blocks.map(() => new Map());
  }

  /** What is known by now of a task. */
  of(block: number, number: number): [string, string][] {
    return [...(this.args[block] ?? [])].flatMap(([name, { values, codes }]) => {
      const value = values[codes[number] ?? -1];
      return value === undefined ? [] : [[name, value] as [string, string]];
    });
  }

  arg(block: number, name: string): Arg | undefined {
    return this.args[block]?.get(name);
  }

  /** The names of args that are known by now. */
  names(): string[] {
    return [...new Set(this.args.flatMap((args) => [...args.keys()]))].sort();
  }

  /** Ask for the chunk in which a task is. */
  async around(block: number, id: number): Promise<void> {
    const template = this.blocks[block]?.template ?? "";
    const first = chunksOf(this.blocks, template, this.chunk).findLast((begin) => begin <= id);
    if (first !== undefined) await this.ask(template, first);
  }

  /** Ask for the first chunk of each template, which says what args there are. */
  async begin(): Promise<void> {
    for (const template of this.templates()) {
      const [first] = chunksOf(this.blocks, template, this.chunk);
      if (first !== undefined) await this.ask(template, first);
    }
  }

  /** Ask for all of them; says how many of how many chunks are there. */
  async all(progress: (there: number, of: number) => void): Promise<void> {
    const wanted = this.templates().flatMap((template) =>
      chunksOf(this.blocks, template, this.chunk).map((first) => [template, first] as const),
    );
    let there = 0;
    progress(0, wanted.length);
    const next = wanted[Symbol.iterator]();
    const work = async () => {
      for (let step = next.next(); !step.done; step = next.next()) {
        await this.ask(...step.value);
        there += 1;
        progress(there, wanted.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  private templates(): string[] {
    return [...new Set(this.blocks.map(({ template }) => template))];
  }

  private ask(template: string, first: number): Promise<void> {
    const key = `${first} ${template}`;
    const before = this.asked.get(key);
    if (before) return before;
    const query = new URLSearchParams({ template, first: String(first) });
    const asked = get<Chunk>(`workflows/${this.workflow}/cells/args?${query}`).then(
      (chunk) => this.take(template, chunk),
      (error: unknown) => {
        this.asked.delete(key); // to be asked again
        throw error;
      },
    );
    this.asked.set(key, asked);
    return asked;
  }

  /** Enter a chunk, whose tasks may be of several versions of the template. */
  take(template: string, chunk: Pick<Chunk, "ids" | "args">): void {
    const ids = (chunk.ids as unknown as [number, number][]).flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, place) => from + place),
    );
    const mine = [...this.blocks.entries()].filter(([, block]) => block.template === template);
    const numbers = mine.map(([, block]) => ids.map((id) => numberOf(block, id)));
    for (const [name, { values, codes }] of Object.entries(chunk.args)) {
      for (const [at, [place, block]] of mine.entries()) {
        const arg = this.known(place, block, name);
        const own = values.map((value) => this.placeOf(arg, value));
        codes.forEach((code, position) => {
          const number = numbers[at]?.[position] ?? -1;
          if (code >= 0 && number >= 0) arg.codes[number] = own[code] as number;
        });
      }
    }
  }

  private known(place: number, block: Block, name: string): Arg {
    const args = this.args[place] as Map<string, Arg>;
    let arg = args.get(name);
    if (!arg) {
      arg = { values: [], codes: new Int32Array(block.size).fill(-1) };
      args.set(name, arg);
    }
    return arg;
  }

  private placeOf(arg: Arg, value: string): number {
    let places = this.places.get(arg);
    if (!places) {
      places = new Map();
      this.places.set(arg, places);
    }
    const known = places.get(value);
    if (known !== undefined) return known;
    arg.values.push(value);
    places.set(value, arg.values.length - 1);
    return arg.values.length - 1;
  }
}
