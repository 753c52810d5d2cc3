import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address, base } from "./base";

/** Where the reader is: a path of ours, and what follows the question mark. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

const listeners = new Set<() => void>();

export function here(): Place {
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : location.pathname;
  return { path: path || "/", query: new URLSearchParams(location.search) };
}

/** Go to a path of ours; `replace` leaves no step for the back button. */
export function go(to: string, { replace = false } = {}): void {
  if (address(to) === location.pathname + location.search + location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", address(to));
  if (!replace) scrollTo(0, 0);
  moved();
}

function moved(): void {
  for (const listener of [...listeners]) listener();
  tellAirflow();
}

/**
 * Airflow writes the address of the page in its frame into its own, so that it can be kept and shared. It looks when
 * the frame has loaded a page, which ours, once it is there, never does again.
 */
function tellAirflow(): void {
  try {
    window.frameElement?.dispatchEvent(new Event("load"));
  } catch {
    // A frame of another origin is none of Airflow's.
  }
}

if (typeof addEventListener !== "undefined") addEventListener("popstate", moved);

/** The place, anew whenever it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const listener = () => setPlace(here());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
}

/** Write some of the query anew, and leave the rest of it; null takes a key away. */
export function useQuery(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const { query } = usePlace();
  return [query, changeQuery];
}

function changeQuery(changes: Record<string, string | null>): void {
  const { path, query } = here();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  go(path + (text && `?${text}`), { replace: true });
}

type LinkProps = JSX.IntrinsicElements["a"] & { to: string; children?: ComponentChildren };

/** A link to a page of ours, which is shown without loading everything anew. */
export function Link({ to, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a {...rest} href={address(to)} onClick={follow}>
      {children}
    </a>
  );
}
