import { inWords } from "../../charts/units";
import { Choice, useChoice } from "../../parts/Choice";
import { Copy } from "../../parts/Copy";
import { FileButtons } from "../../parts/FileButtons";
import { count, counted, percent, short } from "../../words/numbers";
import { pythonOf } from "./python";
import type { Advice, TemplateUse } from "./shapes";

/** What to ask for next time, and what it would have meant for attempts of the past. */
export function Recommendation({ use }: { use: TemplateUse }) {
  const recommended = use.advice.find((each) => each.is_recommended) ?? use.advice[0];
  const choices = Object.fromEntries(use.advice.map(({ held }) => [String(held), `${held} %`]));
  const [held, setHeld] = useChoice("hold", choices, String(recommended?.held ?? ""));
  const chosen = use.advice.find((each) => String(each.held) === held) ?? recommended;
  if (!chosen) {
    return (
      <section class="panel" aria-label="What to ask for next time">
        <h2>What to ask for next time</h2>
        <p class="quiet">Nothing was measured yet from which this could be said.</p>
      </section>
    );
  }
  return (
    <section class="panel" aria-label="What to ask for next time">
      <div class="row">
        <h2>What to ask for next time</h2>
        <Choice label="Hold so many of the attempts" choices={choices} chosen={held} onChoose={setHeld} />
        <span class="push">
          <FileButtons
            name={`workflow-${use.workflow_id}-requests`}
            head={HEAD}
            rows={() => use.advice.map(cellsOf)}
          />
        </span>
      </div>
      <div class="side-by-side">
        <Request advice={chosen} cluster={use.requests[0]?.request.cluster ?? "slurm"} />
        <BackTest advice={chosen} />
      </div>
    </section>
  );
}

function Request({ advice, cluster }: { advice: Advice; cluster: string }) {
  const code = pythonOf(cluster, advice.compute_resources);
  return (
    <div>
      <p>
        {advice.is_recommended ? "Recommended: a" : "A"} request that holds <b>{advice.held} %</b> of the
        attempts, with some room above: <b>{inWords("memory", advice.memory)}</b>,{" "}
        <b>{inWords("runtime", advice.runtime)}</b>
        {advice.cores !== null && <b>, {counted(advice.cores, "core")}</b>}
      </p>
      <pre class="command">{code}</pre>
      <Copy text={code} what="the Python code" />
    </div>
  );
}

/** What the request would have meant. */
function BackTest({ advice: { test } }: { advice: Advice }) {
  const share = (number: number) => `${count(number)} (${percent(number / Math.max(1, test.attempts))})`;
  return (
    <table class="plain">
      <caption>With it, of {count(test.attempts)} past attempts</caption>
      <tbody>
        <Line name="would have lacked memory" then={share(test.lack_memory)} />
        <Line name="would have lacked time" then={share(test.lack_runtime)} />
        <Hours
          name="memory × time asked for"
          unit="GiB hours"
          asked={test.memory_hours_asked}
          then={test.memory_hours_then}
        />
        <Hours
          name="cores × time asked for"
          unit="core-hours"
          asked={test.core_hours_asked}
          then={test.core_hours_then}
        />
      </tbody>
    </table>
  );
}

interface HoursProps {
  name: string;
  unit: string;
  asked: number | null;
  then: number | null;
}

function Hours({ name, unit, asked, then }: HoursProps) {
  if (asked === null || then === null) return null;
  const change = asked > 0 ? Math.round((100 * (then - asked)) / asked) : 0;
  const words = change < 0 ? `${-change} % less` : change > 0 ? `${change} % more` : "about the same";
  return <Line name={name} then={`${short(then)} ${unit} instead of ${short(asked)}: ${words}`} />;
}

function Line({ name, then }: { name: string; then: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{then}</td>
    </tr>
  );
}

const TESTED = [
  "attempts",
  "lack_memory",
  "lack_runtime",
  "memory_hours_asked",
  "memory_hours_then",
  "core_hours_asked",
  "core_hours_then",
] as const;
const HEAD = ["held", "memory", "runtime", "cores", ...TESTED];

/** A request and its back-test, as a row of a file. */
const cellsOf = ({ held, memory, runtime, cores, test }: Advice) => [
  held,
  memory,
  runtime,
  cores,
  ...TESTED.map((name) => test[name]),
];
