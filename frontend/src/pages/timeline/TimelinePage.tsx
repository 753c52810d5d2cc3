import "./timeline.css";
import { useMemo } from "preact/hooks";
import { useLive } from "../../api/live";
import { Chart } from "../../charts/Chart";
import { Choice, useChoice } from "../../parts/Choice";
import { Loaded } from "../../parts/Loaded";
import { zone } from "../../parts/Time";
import { WorkflowTabs } from "../../parts/WorkflowTabs";
import { paths } from "../../paths";
import { go } from "../../router";
import { count, counted } from "../../words/numbers";
import type { PageProps } from "..";
import { Crumbs } from "../workflow/Crumbs";
import type { Workflow } from "../workflow/shapes";
import { drawingOf } from "./boxes";
import { timelineChart } from "./chart";
import { Legend } from "./Legend";
import { Path } from "./Path";
import { Rows } from "./Rows";
import type { CriticalPath, Timeline } from "./shapes";
import { axisWords, rowWords, tipFor } from "./words";

const BY = { template: "by template", node: "by node" } as const;

/** When the tasks of a workflow waited and ran, and what its length came from. */
export default function TimelinePage({ params }: PageProps) {
  const id = Number(params.id);
  const { value: workflow } = useLive<Workflow>(`workflows/${id}`);
  const [by, setBy] = useChoice("by", BY);
  const live = useLive<Timeline>(`workflows/${id}/timeline?by=${by}`, { keeps: true, rest: 15_000 });
  const path = useLive<CriticalPath>(`workflows/${id}/critical-path`, { rest: 15_000 });
  return (
    <>
      <Crumbs workflow={workflow} id={id} />
      <WorkflowTabs id={id} />
      <div class="row">
        <h1>Timeline</h1>
        <Choice label="A row for each" choices={BY} chosen={by} onChoose={setBy} />
      </div>
      <Loaded live={live}>{(timeline) => <Picture timeline={timeline} path={path.value} />}</Loaded>
      <Loaded live={path}>{(found) => <Path path={found} />}</Loaded>
    </>
  );
}

function Picture({ timeline, path }: { timeline: Timeline; path: CriticalPath | null }) {
  const chosenZone = zone.use();
  const drawing = useMemo(() => drawingOf(timeline, path), [timeline, path]);
  const first = drawing.rows.length - timeline.rows.length;
  const option = useMemo(
    () =>
      timelineChart(drawing, {
        row: (row) => {
          const its = timeline.rows[row - first];
          return its ? rowWords(its, timeline.bars !== null) : (drawing.rows[row] ?? "");
        },
        time: (at) => axisWords(at, chosenZone, drawing.to - drawing.from),
        tip: (box) => tipFor(box, timeline, path, chosenZone),
      }),
    [drawing, timeline, path, chosenZone],
  );
  const open = ({ dataIndex }: { dataIndex: number }) => {
    const about = drawing.boxes[dataIndex]?.about;
    if (about?.kind === "attempt") go(paths.task(timeline.bars?.task_id[about.at] ?? 0));
    if (about?.kind === "step") go(paths.task(path?.steps[about.at]?.task_id ?? 0));
  };
  if (!drawing.boxes.length) return <p class="quiet">Nothing was attempted yet.</p>;
  return (
    <section class="panel" aria-label="When attempts waited and ran">
      <p class="quiet">{sampleWords(timeline)}</p>
      <Legend timeline={timeline} />
      <Chart
        label={`When attempts waited and ran, in ${counted(drawing.rows.length, "row")}. The tables below say the same.`}
        option={option}
        height={60 + drawing.rows.length * (drawing.rows.length > 12 ? 40 : 56)}
        key={drawing.rows.length}
        zooms
        on={{ click: open }}
      />
      <Rows timeline={timeline} />
    </section>
  );
}

function sampleWords({ attempts, sampled, bars, more_rows: more }: Timeline): string {
  const how = bars
    ? `${counted(attempts, "attempt")}, one by one.`
    : sampled < attempts
      ? `How many of ${counted(attempts, "attempt")} waited and ran at a time, by ${count(sampled)} that stand for all.`
      : `How many of ${counted(attempts, "attempt")} waited and ran at a time.`;
  return more ? `${how} ${counted(more, "other node")} had less to do and are left out.` : how;
}
