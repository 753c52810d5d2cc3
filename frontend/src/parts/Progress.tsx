import { count } from "../words/numbers";
import { BUCKETS, type Counts, OVER_FIRST, progressWords, toneOf, totalOf } from "../words/statuses";
import { Shape } from "./Status";

/** How far tasks are: a strip with a part for each bucket, in the order in which it happens. */
export function Progress({ counts, words = true }: { counts: Counts; words?: boolean }) {
  const said = progressWords(counts);
  return (
    <div class="progress">
      <div class="strip" role="img" aria-label={said} title={said}>
        {OVER_FIRST.map((bucket) => {
          const size = counts[bucket] ?? 0;
          return (
            size > 0 && <span key={bucket} class={`tone-${toneOf(bucket)}`} style={{ flexGrow: size }} />
          );
        })}
      </div>
      {words && (
        <span class="strip-words" aria-hidden="true">
          {count(counts.DONE ?? 0)}/{count(totalOf(counts))}
          {counts.FATAL ? (
            <>
              {" "}
              <Shape tone="fatal" />
              {count(counts.FATAL)}
            </>
          ) : null}
        </span>
      )}
    </div>
  );
}

/** What the colours and shapes of strips and graphs mean, with how many there are. */
export function Legend({ counts }: { counts?: Counts }) {
  return (
    <ul class="legend">
      {BUCKETS.map((bucket) => (
        <li key={bucket}>
          <Shape tone={toneOf(bucket)} /> {bucket.toLowerCase()}
          {counts && <b> {count(counts[bucket] ?? 0)}</b>}
        </li>
      ))}
    </ul>
  );
}
