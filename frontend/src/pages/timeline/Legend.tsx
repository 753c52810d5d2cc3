import { useColours } from "../../charts/useColours";
import { colourOf, inOrder, letterOf } from "../../charts/verdicts";
import type { Timeline } from "./shapes";

/** What the boxes of a timeline mean. */
export function Legend({ timeline: { bars } }: { timeline: Timeline }) {
  const colours = useColours();
  const verdicts = bars ? inOrder(bars.verdicts.filter(Boolean)) : [];
  return (
    <ul class="legend timeline-legend">
      <li>
        <i class="wait" /> waited at the cluster
      </li>
      <li>
        <i class="run" /> {bars ? "runs" : "ran"}
      </li>
      {verdicts.map((verdict) => (
        <li key={verdict}>
          <i style={{ background: colourOf(verdict, colours) }}>{letterOf(verdict)}</i> {verdict}
        </li>
      ))}
      <li>
        <i class="idle" /> could not begin yet
      </li>
      <li>
        <i class="lost" /> lost in attempts that failed
      </li>
      <li>
        <i class="path" /> on the critical path
      </li>
    </ul>
  );
}
