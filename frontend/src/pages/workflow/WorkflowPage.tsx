import { useLive } from "../../api/live";
import { Copy } from "../../parts/Copy";
import { Facts } from "../../parts/Facts";
import { Loaded } from "../../parts/Loaded";
import { Legend, Progress } from "../../parts/Progress";
import { Status } from "../../parts/Status";
import { Time, useNow } from "../../parts/Time";
import { WorkflowTabs } from "../../parts/WorkflowTabs";
import { etaWords } from "../../words/eta";
import { limitWords } from "../../words/limits";
import { hours, percent } from "../../words/numbers";
import type { PageProps } from "..";
import { Actions } from "./Actions";
import { Activity } from "./Activity";
import { Crumbs } from "./Crumbs";
import { Errors } from "./Errors";
import { HeatMap } from "./HeatMap";
import { Runs } from "./Runs";
import type { Workflow } from "./shapes";
import { TemplateGraph } from "./TemplateGraph";
import { Templates } from "./Templates";
import { Waiting } from "./Waiting";

/** One workflow: how far it is, why it waits, what failed, and what may be done about it. */
export default function WorkflowPage({ params }: PageProps) {
  const id = Number(params.id);
  const live = useLive<Workflow>(`workflows/${id}`);
  return <Loaded live={live}>{(workflow) => <Whole workflow={workflow} refresh={live.refresh} />}</Loaded>;
}

function Whole({ workflow, refresh }: { workflow: Workflow; refresh: () => void }) {
  return (
    <>
      <Crumbs workflow={workflow} id={workflow.id} />
      <Header workflow={workflow} refresh={refresh} />
      <WorkflowTabs id={workflow.id} />
      <div class="columns">
        <TemplateGraph workflow={workflow} />
        <Waiting workflow={workflow} />
      </div>
      <Templates workflow={workflow} />
      <Activity workflow={workflow} />
      <HeatMap workflow={workflow} />
      <Errors workflow={workflow} />
      <Runs workflow={workflow} />
    </>
  );
}

function Header({ workflow, refresh }: { workflow: Workflow; refresh: () => void }) {
  const { spent } = workflow;
  return (
    <>
      <div class="row">
        <h1>
          {workflow.name || workflow.tool} <small class="quiet">workflow {workflow.id}</small>
        </h1>
        <span class="big">
          <Status status={workflow.status} meaning={workflow.status_description} />
        </span>
        <span class="quiet">
          <Time at={workflow.status_date} />
        </span>
        <span class="push">
          <Actions workflow={workflow} done={refresh} />
        </span>
      </div>
      <div class="row overview">
        <Progress counts={workflow.counts} words={false} />
        <Legend counts={workflow.counts} />
      </div>
      <Facts
        facts={[
          ["Over in", workflow.eta && <Over eta={workflow.eta} />],
          ["Owner", workflow.owner],
          ["Core-hours", spent.attempts ? hours(spent.core_hours) : null],
          ["Memory-hours", spent.attempts ? `${hours(spent.memory_hours)} GiB·h` : null],
          ["Unused cores", spent.wasted_cores === null ? null : percent(spent.wasted_cores)],
          ["Unused memory", spent.wasted_memory === null ? null : percent(spent.wasted_memory)],
          ["At a time", limitWords(workflow.limit)],
          ["Bound", workflow.created_date && <Time at={workflow.created_date} />],
          ["Args", workflow.args],
          ["Description", workflow.description],
          ...Object.entries(workflow.attributes).map(([name, value]) => [name, value] as const),
          [
            "To go on with it from a terminal",
            !workflow.is_complete && !workflow.is_active && (
              <>
                <code>{workflow.resume_command}</code>{" "}
                <Copy text={workflow.resume_command} what="the command" />
              </>
            ),
          ],
        ]}
      />
    </>
  );
}

function Over({ eta }: { eta: NonNullable<Workflow["eta"]> }) {
  return <>{etaWords(eta, useNow(10_000))}</>;
}
