import { useCallback, useMemo } from "preact/hooks";
import { Chart } from "../../charts/Chart";
import type { Colours } from "../../charts/colours";
import { zone } from "../../parts/Time";
import { span } from "../../words/times";
import type { ActivityAnswer } from "./Activity";
import { levelsOption, throughputOption } from "./overTime";

/** The same as charts; of one template, or of all. */
export function ActivityCharts({ activity, chosen }: { activity: ActivityAnswer; chosen: string | null }) {
  const chosenZone = zone.use();
  const shown = useMemo(
    () => activity.templates.filter(({ template }) => chosen === null || template === chosen),
    [activity, chosen],
  );
  const levels = useCallback(
    (colours: Colours) => levelsOption(activity, shown, chosenZone, colours),
    [activity, shown, chosenZone],
  );
  const throughput = useCallback(
    (colours: Colours) => throughputOption(activity, shown, chosenZone, colours),
    [activity, shown, chosenZone],
  );
  return (
    <div class="columns even">
      <div>
        <h3>Tasks that ran and waited in a cluster</h3>
        <Chart
          label="Tasks that ran and that waited in a cluster's queue, over time"
          option={levels}
          height={220}
        />
      </div>
      <div>
        <h3>Tasks that were done, in {span(activity.step)} each</h3>
        <Chart label="Tasks that were done and that failed, over time" option={throughput} height={220} />
      </div>
    </div>
  );
}
