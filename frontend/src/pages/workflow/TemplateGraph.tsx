import { useMemo } from "preact/hooks";
import type { Answer } from "../../api/client";
import { useLive } from "../../api/live";
import { type Place, placed, radiusOf, ring } from "../../graph/layout";
import { Loaded } from "../../parts/Loaded";
import { paths } from "../../paths";
import { Link } from "../../router";
import { count, percent } from "../../words/numbers";
import { type Counts, OVER_FIRST, progressWords, toneOf } from "../../words/statuses";
import type { Workflow } from "./shapes";

type Graph = Answer<"/api/v1/workflows/{workflow_id}/graph">;

/** A graph that is wider than its place is drawn smaller, as long as it can be read; then it is scrolled. */
const LEAST_SCALE = 0.75;

/** The radius from which on there is room for a word inside. */
const ROOM = 26;

/** The templates and which of them wait for which: as large as they have tasks, with a ring of their states. */
export function TemplateGraph({ workflow }: { workflow: Workflow }) {
  const live = useLive<Graph>(`workflows/${workflow.id}/graph`, { active: workflow.is_active });
  return (
    <section class="panel graph" aria-label="Template graph">
      <h2>Templates and what they wait for</h2>
      <Loaded live={live}>{(graph) => <Drawing graph={graph} workflow={workflow.id} />}</Loaded>
    </section>
  );
}

function Drawing({ graph, workflow }: { graph: Graph; workflow: number }) {
  const shape = JSON.stringify([graph.nodes.map(({ name, tasks }) => [name, tasks]), graph.edges]);
  const layout = useMemo(() => {
    const most = Math.max(...graph.nodes.map(({ tasks }) => tasks), 0);
    const sizes = graph.nodes.map(({ name, tasks }) => ({ name, radius: radiusOf(tasks, most) }));
    return placed(
      sizes,
      graph.edges.map(({ upstream, downstream }) => [upstream, downstream] as const),
    );
  }, [shape]);
  const by = new Map(graph.nodes.map((node) => [node.name, node]));
  if (!graph.nodes.length) return <p class="quiet">There is no task yet.</p>;
  return (
    <section class="scroll" tabIndex={0} aria-label="Graph of templates">
      <svg
        class="template-graph"
        width={layout.width}
        style={{ minWidth: `${layout.width * LEAST_SCALE}px` }}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
      >
        <title>Templates, from those that begin to those that wait for the others</title>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8Z" class="arrow" />
          </marker>
        </defs>
        {layout.lines.map(({ key, d }) => (
          <path key={key} class="edge" d={d} marker-end="url(#arrow)" />
        ))}
        {layout.places.map((place) => (
          <Node
            key={place.name}
            place={place}
            counts={by.get(place.name)?.counts ?? {}}
            workflow={workflow}
          />
        ))}
      </svg>
    </section>
  );
}

function Node({ place, counts, workflow }: { place: Place; counts: Counts; workflow: number }) {
  const { name, radius } = place;
  const shares = OVER_FIRST.map((bucket) => counts[bucket] ?? 0);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const share = total ? percent((counts.DONE ?? 0) / total) : "–";
  const said = `${name}: ${progressWords(counts)}`;
  return (
    <g transform={`translate(${place.x} ${place.y})`}>
      <Link to={paths.template(workflow, name)}>
        <title>{said}</title>
        <circle class="ground" r={radius} />
        {ring(shares, radius - 4).map(
          (d, at) =>
            d && <path key={OVER_FIRST[at]} class={`ring tone-${toneOf(OVER_FIRST[at] ?? "")}`} d={d} />,
        )}
        {counts.FATAL ? (
          <path
            class="cross tone-fatal"
            d="M-6 -6L6 6M6 -6L-6 6"
            transform={`translate(${radius * 0.75} ${-radius * 0.75})`}
          />
        ) : null}
        {radius >= ROOM && (
          <text class="inside" dy="0.35em">
            {share}
          </text>
        )}
        <text class="name" y={radius + 14}>
          {short(name)}
        </text>
        <text class="below" y={radius + 28}>
          {count(total)}
          {radius < ROOM && `, ${share}`}
        </text>
      </Link>
    </g>
  );
}

const short = (name: string) => (name.length <= 18 ? name : `${name.slice(0, 9)}…${name.slice(-8)}`);
