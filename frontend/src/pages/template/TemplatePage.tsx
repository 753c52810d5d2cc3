import "./template.css";
import { useLive } from "../../api/live";
import { Facts } from "../../parts/Facts";
import { Loaded } from "../../parts/Loaded";
import { Progress } from "../../parts/Progress";
import { WorkflowTabs } from "../../parts/WorkflowTabs";
import { cleanedLine } from "../../trace/clean";
import { limitWords } from "../../words/limits";
import { count } from "../../words/numbers";
import type { PageProps } from "..";
import { requestedWords } from "../task/requests";
import { Crumbs } from "../workflow/Crumbs";
import type { Workflow } from "../workflow/shapes";
import { Attempts } from "./Attempts";
import { Distributions } from "./Distributions";
import { Limit } from "./Limit";
import { Recommendation } from "./Recommendation";
import { Retries } from "./Retries";
import type { TemplateUse } from "./shapes";

/** A template of a workflow: what its tasks use, what to ask for, what became of attempts that failed. */
export default function TemplatePage({ params }: PageProps) {
  const [id, name] = [Number(params.id), params.name ?? ""];
  const live = useLive<TemplateUse>(`workflows/${id}/templates/${encodeURIComponent(name)}`, {
    rest: 15_000,
  });
  const { value: workflow, refresh } = useLive<Workflow>(`workflows/${id}`);
  const done = () => {
    live.refresh();
    refresh();
  };
  return (
    <>
      <Crumbs workflow={workflow} id={id} />
      <WorkflowTabs id={id} />
      <div class="row">
        <h1>
          {cleanedLine(name)} <small class="quiet">template</small>
        </h1>
        <span class="push">{live.value && <Limit use={live.value} workflow={workflow} done={done} />}</span>
      </div>
      <Loaded live={live}>{(use) => <Template use={use} />}</Loaded>
    </>
  );
}

function Template({ use }: { use: TemplateUse }) {
  return (
    <>
      <Progress counts={use.tasks} />
      <Facts facts={factsOf(use)} />
      <Recommendation use={use} />
      <Distributions use={use} />
      <Attempts use={use} />
      <Retries use={use} />
      <details class="panel">
        <summary>Command template</summary>
        <pre class="command">{use.command_template}</pre>
      </details>
    </>
  );
}

function factsOf(use: TemplateUse): readonly (readonly [string, string | null])[] {
  const [usual, ...others] = use.requests;
  const more = others.length
    ? `, and ${others.length === 1 ? "another request" : `${others.length} others`}`
    : "";
  const all = use.sampled === use.attempts ? "" : `; figures are taken from ${count(use.sampled)} of them`;
  return [
    ["Attempts", `${count(use.attempts)}${all}`],
    ["Asks for", usual ? requestedWords(usual.request) + more : null],
    ["Node args", use.node_args.join(", ") || null],
    ["At a time", limitWords(use.limit)],
  ];
}
