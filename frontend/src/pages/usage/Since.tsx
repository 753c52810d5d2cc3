import { useQuery } from "../../router";
import { daysAgo } from "./steps";

const SPANS = [
  [3, "3 days"],
  [30, "30 days"],
  [90, "90 days"],
  [365, "a year"],
] as const;

/** From when to when, in days of UTC; it stands in the address. */
export function Since() {
  const [query, change] = useQuery();
  const now = new Date();
  const from = query.get("from")?.slice(0, 10) ?? "";
  const to = query.get("to")?.slice(0, 10) ?? "";
  return (
    <fieldset class="choice" aria-label="Time">
      {SPANS.map(([days, words]) => (
        <button
          key={days}
          type="button"
          aria-pressed={!to && (from === daysAgo(days, now) || (!from && days === 30))}
          onClick={() => change({ from: daysAgo(days, now), to: null, "savings.after": null })}
        >
          {words}
        </button>
      ))}
      <label>
        from{" "}
        <input
          type="date"
          value={from}
          onChange={(event) => change({ from: event.currentTarget.value, "savings.after": null })}
        />
      </label>
      <label>
        to{" "}
        <input
          type="date"
          value={to}
          onChange={(event) => change({ to: event.currentTarget.value, "savings.after": null })}
        />
      </label>
    </fieldset>
  );
}
