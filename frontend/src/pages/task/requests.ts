import type { Schemas } from "../../api/client";
import { bytes } from "../../words/numbers";
import { span } from "../../words/times";

type Requested = Schemas["Requested"];

/** What is asked of a cluster, in a line: `4 cores, 16 GiB, 2 h on slurm/all.q, project proj`. */
export function requestedWords(asked: Requested): string {
  const parts = [
    asked.cores && `${asked.cores} ${asked.cores === 1 ? "core" : "cores"}`,
    asked.memory !== null && asked.memory !== undefined && bytes(asked.memory),
    asked.runtime !== null && asked.runtime !== undefined && span(asked.runtime),
  ].filter(Boolean);
  const place = [asked.cluster, asked.queue].filter(Boolean).join("/");
  const options = Object.entries(asked.options).map(([name, value]) => `${name} ${value}`);
  return [`${parts.join(", ") || "nothing in particular"} on ${place}`, ...options].join(", ");
}
