import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address } from "../base";
import { type PageProps, type Route, routes } from "../pages";
import { Announcer, announce } from "../parts/announce";
import { ZoneChoice } from "../parts/Time";
import { matched, paths } from "../paths";
import { Link, usePlace } from "../router";

interface Found {
  route: Route;
  params: Record<string, string>;
}

function find(path: string): Found | null {
  for (const route of routes) {
    const params = matched(route.form, path);
    if (params) return { route, params };
  }
  return null;
}

/** What stands around every page: the way to the others, and the page itself. */
export function Shell() {
  const { path } = usePlace();
  const found = find(path);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("page")?.focus()}>
        Skip to the page
      </button>
      <header class="shell">
        <nav aria-label="Jobmon">
          <Link to={paths.workflows()} aria-current={path === "/" ? "page" : undefined}>
            Workflows
          </Link>
          {routes.some((route) => route.form === "/usage") && (
            <Link to={paths.usage()} aria-current={path === "/usage" ? "page" : undefined}>
              Usage
            </Link>
          )}
          <a href={address("/tables/")}>Tables</a>
        </nav>
        <ZoneChoice />
      </header>
      <main id="page" tabIndex={-1}>
        {found ? <Page key={path} {...found} /> : <NotFound path={path} />}
      </main>
      <Announcer />
    </>
  );
}

/** Whether a page was shown before. */
let wasHere = false;

function Page({ route, params }: Found) {
  const [Loaded, setLoaded] = useState<ComponentType<PageProps> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const title = route.title(params);
    document.title = `${title} - Jobmon`;
    if (wasHere) {
      // As if the browser had loaded a page: who reads by ear or keyboard begins at its top.
      document.getElementById("page")?.focus({ preventScroll: true });
      announce(title);
    }
    wasHere = true;
    route.load().then(
      (module) => setLoaded(() => module.default),
      (error: unknown) => setProblem(String(error)),
    );
  }, []);
  if (problem) {
    return (
      <div class="problem" role="alert">
        <p>The page could not be loaded: {problem}</p>
        <p>Jobmon may have been upgraded since you opened it. Load the page again.</p>
      </div>
    );
  }
  return Loaded ? <Loaded params={params} /> : <p class="quiet">Loading…</p>;
}

function NotFound({ path }: { path: string }) {
  return (
    <div class="problem">
      <h1>Not found</h1>
      <p>
        There is no page at <code>{path}</code>. <Link to={paths.workflows()}>All workflows</Link>
      </p>
    </div>
  );
}
