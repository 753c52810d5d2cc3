import { useCallback, useMemo } from "preact/hooks";
import { useLive } from "../../api/live";
import { areaOf, written } from "../../charts/selection";
import { tipOf } from "../../charts/tips";
import { Choice, useChoice } from "../../parts/Choice";
import { Downloads } from "../../parts/DataTable";
import { Filters } from "../../parts/Filters";
import { Loaded } from "../../parts/Loaded";
import { useQuery } from "../../router";
import { count, counted } from "../../words/numbers";
import { ChosenAttempts } from "./ChosenAttempts";
import { factsOf } from "./chosen";
import { type AxisName, chosenAxis, enclosedIn, isMeasure, MEASURES, placed, usualRequest } from "./points";
import { questionOf } from "./question";
import { ScatterChart } from "./ScatterChart";
import type { Points } from "./scatter";
import type { AttemptPoints, TemplateUse } from "./shapes";

const WAYS = { raw: "as measured", percent: "in % of the request" } as const;
const SCALES = { plain: "even axes", log: "axes of powers" } as const;
const BY = { state: "by how it ended", attempt: "by attempt" } as const;

/** Attempts as points of two measures, or of a measure and a node arg; of those enclosed there is a table. */
export function Attempts({ use }: { use: TemplateUse }) {
  const [query] = useQuery();
  const axes = useAxes(use);
  const path = `workflows/${use.workflow_id}/templates/${encodeURIComponent(use.name)}/attempts`;
  const question = questionOf(query);
  const filters = question.toString();
  for (const name of [axes.x, axes.y]) if (!isMeasure(name)) question.append("arg", name.slice(4));
  const live = useLive<AttemptPoints>(`${path}?${question}`, {
    active: use.is_active,
    keeps: true,
    rest: 60_000,
  });
  return (
    <section class="panel" aria-label="Attempts">
      <div class="row">
        <h2>Attempts</h2>
        <span class="push">
          <Downloads path={path} question={filters} />
        </span>
      </div>
      <Filters
        kinds={[
          {
            key: "verdict",
            title: "how it ended",
            choices: Object.keys(use.verdicts).filter(Boolean),
            negatable: false,
          },
          { key: "attempt", title: "attempt number", input: "number", negatable: false },
          ...use.node_args.map((name) => ({ key: `arg.${name}`, title: name, negatable: false })),
        ]}
      />
      <AxisChoices use={use} axes={axes} />
      <Loaded live={live}>{(points) => <Cloud points={points} axes={axes} use={use} />}</Loaded>
    </section>
  );
}

interface Axes {
  x: AxisName;
  y: AxisName;
}

function useAxes(use: TemplateUse): Axes {
  const [query] = useQuery();
  const isKnown = (name: string | null): name is AxisName =>
    name !== null && (isMeasure(name) || (name.startsWith("arg.") && use.node_args.includes(name.slice(4))));
  const said = (key: string, usual: AxisName): AxisName => {
    const name = query.get(key);
    return isKnown(name) ? name : usual;
  };
  return { x: said("x", "runtime"), y: said("y", "memory") };
}

function AxisChoices({ use, axes }: { use: TemplateUse; axes: Axes }) {
  const [, change] = useQuery();
  const choices: [AxisName, string][] = [
    ...(Object.entries(MEASURES) as [AxisName, string][]),
    ...use.node_args.map((name): [AxisName, string] => [`arg.${name}`, `node arg ${name}`]),
  ];
  const select = (key: "x" | "y", title: string) => (
    <label>
      {title}{" "}
      <select
        value={axes[key]}
        onChange={(event) => change({ [key]: event.currentTarget.value, area: null })}
      >
        {choices.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
  const [way, setWay] = useChoice("in", WAYS);
  const [scale, setScale] = useChoice("scale", SCALES);
  const [by, setBy] = useChoice("by", BY);
  const choose = (run: () => void) => {
    change({ area: null });
    run();
  };
  return (
    <div class="row">
      {select("x", "Across")} {select("y", "Up")}
      <Choice label="Units" choices={WAYS} chosen={way} onChoose={(key) => choose(() => setWay(key))} />
      <Choice label="Axes" choices={SCALES} chosen={scale} onChoose={setScale} />
      <Choice label="Shapes and colours" choices={BY} chosen={by} onChoose={setBy} />
    </div>
  );
}

function Cloud({ points, axes, use }: { points: AttemptPoints; axes: Axes; use: TemplateUse }) {
  const [query, change] = useQuery();
  const [way] = useChoice("in", WAYS);
  const [scale] = useChoice("scale", SCALES);
  const [by] = useChoice("by", BY);
  const isLog = scale === "log";
  const said = query.get("area");
  const area = useMemo(() => areaOf(said), [said]);
  const x = useMemo(() => chosenAxis(points, axes.x, way === "percent"), [points, axes.x, way]);
  const y = useMemo(() => chosenAxis(points, axes.y, way === "percent"), [points, axes.y, way]);
  const found = useMemo(() => placed(x, y, isLog), [x, y, isLog]);
  const chosen = useMemo(() => (area ? enclosedIn(area, found) : []), [area, found]);
  const enclosed = useMemo(() => chosen.map((at) => found.at[at] ?? 0), [chosen, found]);
  const drawn = useMemo((): Points => {
    const isIn = new Set(chosen);
    const asked = way === "raw" ? usualRequest(points) : undefined;
    const line = (name: AxisName) =>
      asked && isMeasure(name) && name !== "cpu" ? (asked[name] ?? undefined) : undefined;
    return {
      x: { ...x.axis, isLog },
      y: { ...y.axis, isLog },
      xs: found.xs,
      ys: found.ys,
      verdicts: found.at.map((at) => points.verdict.words[points.verdict.at[at] ?? 0] ?? ""),
      attempts: found.at.map((at) => points.number[at] ?? 1),
      by,
      isChosen: area ? (at) => isIn.has(at) : null,
      asked: { x: line(axes.x), y: line(axes.y) },
    };
  }, [x, y, found, chosen, area, by, isLog, way]);
  const tipFor = useCallback(
    (at: number) => {
      const place = found.at[at] ?? 0;
      return tipOf(`Task ${points.task_id[place]}, attempt ${points.number[place]}`, factsOf(points, place));
    },
    [found, points],
  );
  return (
    <>
      <p class="quiet">{sampleWords(points, found.missing)}</p>
      <ScatterChart
        key={`${axes.x} ${axes.y} ${way} ${scale} ${by}`}
        label={`${count(found.at.length)} attempts: ${x.axis.name} across, ${y.axis.name} up.`}
        points={drawn}
        tipFor={tipFor}
        area={area}
        onArea={(chosenArea) => change({ area: chosenArea && written(chosenArea) })}
      />
      {area && <ChosenAttempts points={points} at={enclosed} name={`workflow-${use.workflow_id}-chosen`} />}
    </>
  );
}

function sampleWords(points: AttemptPoints, missing: number): string {
  const all =
    points.sampled < points.attempts
      ? `${count(points.sampled)} of ${counted(points.attempts, "attempt")} stand for all; of ${counted(points.failed, "failed one")}, ${count(points.failed_sampled)} are among them.`
      : `${counted(points.attempts, "attempt")}.`;
  return missing ? `${all} Of ${count(missing)} it is not known where they belong.` : all;
}
