// Figures of charts in units that fit them: an axis has round numbers only if its values are in the unit it names.

import { bytes } from "../words/numbers";
import { span } from "../words/times";

export type Measure = "memory" | "runtime" | "cpu" | "cores" | "percent";

export interface Unit {
  name: string;
  size: number;
}

const UNITS: Record<Measure, readonly Unit[]> = {
  memory: [
    { name: "TiB", size: 1024 ** 4 },
    { name: "GiB", size: 1024 ** 3 },
    { name: "MiB", size: 1024 ** 2 },
    { name: "KiB", size: 1024 },
    { name: "bytes", size: 1 },
  ],
  runtime: [
    { name: "days", size: 86_400 },
    { name: "hours", size: 3_600 },
    { name: "minutes", size: 60 },
    { name: "seconds", size: 1 },
  ],
  cpu: [
    { name: "core-days", size: 86_400 },
    { name: "core-hours", size: 3_600 },
    { name: "core-minutes", size: 60 },
    { name: "core-seconds", size: 1 },
  ],
  cores: [{ name: "cores", size: 1 }],
  percent: [{ name: "%", size: 1 }],
};

/** The unit for an axis that goes so far: the largest of which it has two at least. */
export const unitFor = (measure: Measure, largest: number): Unit => fitting(measure, largest / 2);

function fitting(measure: Measure, value: number): Unit {
  const units = UNITS[measure];
  return units.find(({ size }) => value >= size) ?? (units.at(-1) as Unit);
}

/** Three digits that count, with commas: `12,300`, `1.23`, `0.00123`. */
export const figure = (value: number): string =>
  value.toLocaleString(
    "en",
    Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  );

/** A value in words: `1.5 GiB`, `2 h 5 min`, `87 %`. */
export function inWords(measure: Measure, value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (measure === "memory") return bytes(value);
  if (measure === "runtime") return span(value);
  const unit = fitting(measure, Math.abs(value));
  const words = figure(value / unit.size);
  return words === "1" ? `1 ${unit.name.replace(/s$/, "")}` : `${words} ${unit.name}`;
}
