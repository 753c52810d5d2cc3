import { useEffect, useState } from "preact/hooks";
import { ago, moment } from "../words/times";
import { setting } from "./settings";

/** In which time zone moments are written. */
export const zone = setting("zone", ["local", "UTC"] as const, "local");

/** How long ago something was; the exact moment shows on pointing at it. */
export function Time({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const chosen = zone.use();
  const now = useNow(30_000);
  if (!at) return <span class="quiet">–</span>;
  const when = new Date(at);
  const whole = moment(when, chosen);
  return (
    <time dateTime={when.toISOString()} title={exact ? ago(when, now) : whole}>
      {exact ? whole : ago(when, now)}
    </time>
  );
}

/** The time, anew every so many milliseconds. */
export function useNow(every: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function ZoneChoice() {
  const chosen = zone.use();
  return (
    <label class="zone">
      <span>Times</span>
      <select
        value={chosen}
        onChange={(event) => zone.set(event.currentTarget.value === "UTC" ? "UTC" : "local")}
      >
        <option value="local">{Intl.DateTimeFormat().resolvedOptions().timeZone || "local"}</option>
        <option value="UTC">UTC, always</option>
      </select>
    </label>
  );
}
