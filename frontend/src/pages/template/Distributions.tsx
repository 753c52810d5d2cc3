import { useMemo } from "preact/hooks";
import { Chart } from "../../charts/Chart";
import { Figures } from "../../charts/Figures";
import { inWords, type Measure } from "../../charts/units";
import { ZONES } from "../../charts/zones";
import { Choice, useChoice } from "../../parts/Choice";
import { count } from "../../words/numbers";
import { distribution, NUMBERS } from "./distribution";
import type { Measured, TemplateUse } from "./shapes";

const WAYS = { raw: "as measured", percent: "in % of the request" } as const;

/** How memory, runtime and cores are spread over attempts that succeeded. */
export function Distributions({ use }: { use: TemplateUse }) {
  const [way, setWay] = useChoice("spread", WAYS);
  return (
    <section class="panel" aria-label="What tasks use">
      <div class="row">
        <h2>What tasks use</h2>
        <Choice label="What is shown of it" choices={WAYS} chosen={way} onChoose={setWay} />
      </div>
      <div class="side-by-side">
        <Spread name="Memory" measure="memory" measured={use.memory} isPercent={way === "percent"} />
        <Spread name="Runtime" measure="runtime" measured={use.runtime} isPercent={way === "percent"} />
        <Spread name="Cores" measure="cores" measured={use.cores} isPercent={way === "percent"} />
      </div>
    </section>
  );
}

interface SpreadProps {
  name: string;
  measure: Measure;
  measured: Measured;
  isPercent: boolean;
}

function Spread({ name, measure, measured, isPercent }: SpreadProps) {
  const { used, fit } = measured;
  const shown = isPercent ? fit?.percent : used;
  const unit = isPercent ? "percent" : measure;
  const option = useMemo(
    () =>
      shown &&
      distribution({
        measure: unit,
        name: isPercent ? `${name} used` : name,
        spread: shown,
        marks: isPercent || !fit ? {} : { asked: fit.asked },
      }),
    [shown, fit, unit, isPercent, name],
  );
  if (!shown || !option) {
    return (
      <div>
        <h3>{name}</h3>
        <p class="quiet">{used ? "Nobody asked for an amount." : "Nothing was measured yet."}</p>
      </div>
    );
  }
  const words = (value: number) => inWords(unit, value);
  const said = `${name} of ${count(shown.count)} attempts: half are below ${words(shown.median)}, 95 % below ${words(shown.p95)}, the most is ${words(shown.max)}.`;
  return (
    <div>
      <h3>{name}</h3>
      {fit && (
        <p class="quiet">
          Usual request {inWords(measure, fit.asked)}: <b>{fit.zone}</b>, half use less than{" "}
          {inWords("percent", fit.percent.median)} of it
        </p>
      )}
      <Chart label={said} option={option} height={230} key={unit}>
        <Figures
          of={name}
          head={["what", name]}
          rows={() => [
            ["mean", words(shown.mean)],
            ...NUMBERS.map(([said, key]) => [said, words(shown[key])]),
            ...(fit
              ? ZONES.map((zone) => [zone.words, `${count(fit.zones[zone.words] ?? 0)} attempts`])
              : []),
          ]}
        />
      </Chart>
    </div>
  );
}
