import { percent } from "../words/numbers";

interface Props {
  used: number | null | undefined;
  of: number | null | undefined;
  words: (value: number) => string;
}

/** What was used of what was asked for. */
export function Meter({ used, of, words }: Props) {
  if (used === null || used === undefined) return <span class="quiet">{of ? `– of ${words(of)}` : ""}</span>;
  if (!of) return <span>{words(used)}</span>;
  const share = used / of;
  return (
    <span class="meter">
      <span class={share > 0.9 ? "bar tight" : "bar"} aria-hidden="true">
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span>
        {words(used)}{" "}
        <span class="quiet">
          of {words(of)}, {percent(share)}
        </span>
      </span>
    </span>
  );
}
