// The colours of charts: those of the page, read from its style sheet, so that a canvas is light or dark as it is.

const SERIES = {
  // Okabe and Ito's palette without its yellow, which is not seen on white.
  light: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#5f6b7a", "#8c6d1f"],
  dark: ["#3d9fe0", "#f0b429", "#1fb98c", "#d98fb8", "#8fd0f5", "#f0793a", "#a3adbd", "#d8c27a"],
} as const;

const VARIABLES = {
  ground: "--ground",
  raised: "--ground-raised",
  sunk: "--ground-sunk",
  line: "--line",
  text: "--text",
  quiet: "--text-quiet",
  accent: "--accent",
  bad: "--bad",
  good: "--good",
  warn: "--warn",
  pending: "--state-pending",
  scheduled: "--state-scheduled",
  running: "--state-running",
  done: "--state-done",
  fatal: "--state-fatal",
  retry: "--state-retry",
  killed: "--state-killed",
} as const;

export type Colour = keyof typeof VARIABLES;
export type Colours = Record<Colour, string> & { series: readonly string[]; isDark: boolean };

/** What the style sheet says now. */
export function coloursOf(root: HTMLElement): Colours {
  const style = getComputedStyle(root);
  const isDark = root.dataset.theme === "dark";
  const named = Object.entries(VARIABLES).map(([name, variable]) => [
    name,
    style.getPropertyValue(variable).trim(),
  ]);
  return {
    ...(Object.fromEntries(named) as Record<Colour, string>),
    series: SERIES[isDark ? "dark" : "light"],
    isDark,
  };
}
