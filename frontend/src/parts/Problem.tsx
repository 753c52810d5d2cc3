import type { Failure } from "../api/client";

/** What did not work and what to do about it. `again` is offered where asking again may help. */
export function Problem({ failure, again }: { failure: Failure; again?: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>{failure.problem}</p>
      {failure.remedy && <p>{failure.remedy}</p>}
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
