/**
 * Light or dark, as Airflow is. Its pages say so by a class on their root element, which we read in the frame around
 * us; alone we take what Airflow remembered in this browser, or else what the system prefers.
 */
export type Theme = "light" | "dark";

const KEY = "theme"; // of Airflow's own memory: "light", "dark" or "system"
const prefersDark = () => matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<(theme: Theme) => void>();

export function themeOf(frame: readonly string[], remembered: string | null, systemIsDark: boolean): Theme {
  if (frame.includes("dark")) return "dark";
  if (frame.includes("light")) return "light";
  if (remembered === "dark" || remembered === "light") return remembered;
  return systemIsDark ? "dark" : "light";
}

/** Call back whenever the theme changes, for what CSS does not reach: canvases. */
export function onTheme(listener: (theme: Theme) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function followTheme(): void {
  const root = frameRoot();
  if (root) new MutationObserver(apply).observe(root, { attributeFilter: ["class"] });
  prefersDark().addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === KEY && apply());
  apply();
}

function apply(): void {
  const classes = frameRoot()?.classList ?? [];
  const theme = themeOf([...classes], remembered(), prefersDark().matches);
  if (document.documentElement.dataset.theme === theme) return;
  document.documentElement.dataset.theme = theme;
  for (const listener of [...listeners]) listener(theme);
}

function frameRoot(): HTMLElement | null {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null; // a frame of another origin, which says nothing
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
