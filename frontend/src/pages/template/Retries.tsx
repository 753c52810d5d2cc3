import { useMemo } from "preact/hooks";
import { Chart } from "../../charts/Chart";
import { Figures } from "../../charts/Figures";
import { count, counted } from "../../words/numbers";
import { NEXT, retryBars } from "./retries";
import type { TemplateUse } from "./shapes";

/** What came after attempts that failed. */
export function Retries({ use }: { use: TemplateUse }) {
  const { retries } = use;
  const option = useMemo(() => retryBars(retries), [retries]);
  const said = retries.map(({ verdict, attempts }) => `${attempts} ${verdict}`).join(", ");
  return (
    <section class="panel" aria-label="Retries">
      <h2>Retries</h2>
      {retries.length === 0 ? (
        <p class="quiet">No attempt has failed.</p>
      ) : (
        <>
          {use.retries_sampled < use.failed_attempts && (
            <p class="quiet">
              Of {counted(use.failed_attempts, "failed attempt")}, {count(use.retries_sampled)} were looked
              at.
            </p>
          )}
          <Chart
            label={`What came after attempts that failed: ${said}.`}
            option={option}
            height={100 + 32 * retries.length}
          >
            <Figures
              of="Retries"
              head={["why it failed", "attempts", ...NEXT.map(({ words }) => words)]}
              rows={() =>
                retries.map(({ verdict, attempts, followed }) => [
                  verdict,
                  attempts,
                  ...NEXT.map(({ words }) => followed[words] ?? 0),
                ])
              }
            />
          </Chart>
        </>
      )}
    </section>
  );
}
