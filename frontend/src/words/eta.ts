import { span } from "./times";

export interface Eta {
  low: string;
  median: string;
  high: string | null;
}

/** When something will be over: `2 h (1 h to 5 h)`, from now on. */
export function etaWords(eta: Eta, now: Date): string {
  const left = (moment: string) => Math.max(0, (Date.parse(moment) - now.getTime()) / 1000);
  const rough = (seconds: number) => span(Math.max(1, coarse(seconds)));
  const high = eta.high === null ? "open" : rough(left(eta.high));
  return `${rough(left(eta.median))} (${rough(left(eta.low))} to ${high})`;
}

/** No finer than such a guess is: to tenths of its largest unit. */
function coarse(seconds: number): number {
  const unit = seconds > 86_400 ? 3_600 : seconds > 3_600 ? 300 : seconds > 600 ? 60 : seconds > 60 ? 10 : 1;
  return Math.round(seconds / unit) * unit;
}
