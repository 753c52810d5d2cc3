// Whether an error keeps to a node more than chance would have it.

import type { ErrorGroup } from "./shapes";

const SAYS_NOTHING_YET = 5; // attempts
const NOTABLE = 0.3;

/** What is worth saying about where a group's attempts failed; null if they are spread. */
export function concentration({ nodes, node_count: count, looked_at: total }: ErrorGroup): string | null {
  const [first] = nodes;
  if (!first || total < SAYS_NOTHING_YET || count < 2) return null;
  const isNotable = first.share >= NOTABLE && first.share >= 2 / count;
  return isNotable ? `${Math.round(100 * first.share)} % on ${first.name}` : null;
}
