import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Answer } from "../api/client";
import { Failure, get } from "../api/client";
import { announce } from "../parts/announce";
import { Problem } from "../parts/Problem";
import { bytes, counted } from "../words/numbers";
import {
  before,
  beginOf,
  CHUNK,
  endOf,
  type LogWindow,
  pieces,
  textOf,
  withNext,
  withPrevious,
} from "./window";

export type Stream = "stdout" | "stderr";
type Part = Answer<"/api/v1/attempts/{attempt_id}/log/{stream}">;

/** Milliseconds between two looks at a file that grows. */
const LOOK = 2_000;

interface Props {
  attempt: number;
  stream: Stream;
}

/** What an attempt has said: its end first, read along while it grows, with a search through all of it. */
export function LogView({ attempt, stream }: Props) {
  const path = `attempts/${attempt}/log/${stream}`;
  const [shown, setShown] = useState<LogWindow>([]);
  const [latest, setLatest] = useState<Part | null>(null);
  const [askFor, failure] = useQuestions(path);
  const [follows, setFollows] = useState(true);
  const [mark, setMark] = useState("");
  const box = useRef<HTMLElement>(null);
  const growing = latest?.is_growing ?? false;

  const ask = async (question: Question): Promise<Part | null> => {
    const part = await askFor(question);
    if (part) setLatest(part);
    return part;
  };
  const toEnd = async () => {
    const part = await ask({});
    if (part) setShown([part]);
    setFollows(true);
  };
  const toPlace = async (offset: number) => {
    const part = await ask({ offset, limit: CHUNK });
    if (part) setShown([part]);
    setFollows(false);
    box.current?.scrollTo(0, 0);
  };
  const earlier = async () => {
    const question = before(shown);
    const part = question && (await ask(question));
    if (part) setShown(withPrevious(shown, part));
    setFollows(false);
  };
  const later = async () => {
    const part = await ask({ offset: endOf(shown), limit: CHUNK });
    if (part) setShown((now) => withNext(now, part));
  };

  useEffect(() => {
    setShown([]);
    setLatest(null);
    void toEnd();
  }, [path]);

  useEffect(() => {
    if (!growing || !follows) return;
    const timer = setInterval(() => document.visibilityState === "visible" && void later(), LOOK);
    return () => clearInterval(timer);
  }, [path, growing, follows, endOf(shown)]);

  useLayoutEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown, follows]);

  const text = textOf(shown);
  const hasMore = latest !== null && endOf(shown) < latest.size;
  return (
    <div class="log">
      <Search path={path} onFind={setMark} onPlace={(offset) => void toPlace(Math.max(0, offset - 2_048))} />
      {failure && <Problem failure={failure} again={() => void toEnd()} />}
      {latest?.note && <p class="note">{latest.note}</p>}
      <div class="row">
        <button type="button" disabled={beginOf(shown) === 0} onClick={() => void toPlace(0)}>
          Begin
        </button>
        <button type="button" disabled={beginOf(shown) === 0} onClick={() => void earlier()}>
          Earlier
        </button>
        <button type="button" disabled={!hasMore} onClick={() => void later()}>
          Later
        </button>
        <button type="button" onClick={() => void toEnd()}>
          End
        </button>
        {growing && (
          <label>
            <input
              type="checkbox"
              checked={follows}
              onChange={(event) => (event.currentTarget.checked ? void toEnd() : setFollows(false))}
            />{" "}
            read along
          </label>
        )}
        {latest && (
          <span class="quiet push">
            {latest.path ? <code>{latest.path}</code> : latest.source === "kept" ? "kept in the tables" : ""}
            {latest.source !== "none" && " · "}
            {latest.source !== "none" && <Extent window={shown} size={latest.size} />}
          </span>
        )}
      </div>
      <section ref={box} class="log-text" tabIndex={0} aria-label={`${stream} of the attempt`}>
        <pre>
          {text ? <Marked text={text} mark={mark} /> : latest ? <i class="quiet">{nothing(latest)}</i> : "…"}
        </pre>
      </section>
    </div>
  );
}

type Question = Record<string, string | number>;

/** Asks about a log, and says what failed. There is no answer once another log is looked at. */
function useQuestions(path: string): [(question: Question) => Promise<Part | null>, Failure | null] {
  const [failure, setFailure] = useState<Failure | null>(null);
  const looking = useMemo(() => new AbortController(), [path]);
  useEffect(() => {
    setFailure(null);
    return () => looking.abort();
  }, [looking]);
  const ask = async (question: Question) => {
    const { signal } = looking;
    const text = new URLSearchParams(Object.entries(question).map(([key, value]) => [key, String(value)]));
    try {
      const part = await get<Part>(`${path}?${text}`, signal);
      if (signal.aborted) return null;
      setFailure(null);
      return part;
    } catch (error) {
      if (!signal.aborted) setFailure(Failure.of(error));
      return null;
    }
  };
  return [ask, failure];
}

function nothing(part: Part): string {
  if (part.source === "none") return "There is nothing to show.";
  return part.is_growing ? "Nothing was written yet." : "Nothing was written.";
}

function Extent({ window, size }: { window: LogWindow; size: number }) {
  const all = beginOf(window) === 0 && endOf(window) >= size;
  return (
    <>
      {all
        ? `all of ${bytes(size)}`
        : `${bytes(beginOf(window))} to ${bytes(endOf(window))} of ${bytes(size)}`}
    </>
  );
}

function Marked({ text, mark }: { text: string; mark: string }) {
  const parts = useMemo(() => pieces(text, mark), [text, mark]);
  return <>{parts.map((part, place) => (place % 2 ? <mark key={place}>{part}</mark> : part))}</>;
}

interface SearchProps {
  path: string;
  onFind: (wanted: string) => void;
  onPlace: (offset: number) => void;
}

/** Finds a text in the whole file, wherever in it we are. */
function Search({ path, onFind, onPlace }: SearchProps) {
  const [wanted, setWanted] = useState("");
  const [found, setFound] = useState<Part | null>(null);
  const [matches, setMatches] = useState<Part["matches"]>([]);
  const [ask, failure] = useQuestions(path);
  const [isLooking, setLooking] = useState(false);
  useEffect(() => {
    setFound(null);
    setMatches([]);
  }, [path]);

  const look = async (offset: number) => {
    if (!wanted) return;
    setLooking(true);
    onFind(wanted);
    const part = await ask({ find: wanted, offset });
    if (part) {
      const all = offset ? [...(matches ?? []), ...(part.matches ?? [])] : (part.matches ?? []);
      setFound(part);
      setMatches(all);
      announce(`Found ${counted(all.length, "place")}.`);
    }
    setLooking(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void look(0);
  };
  const clear = () => {
    setFound(null);
    setMatches([]);
    setWanted("");
    onFind("");
  };
  return (
    <search>
      <form class="row" onSubmit={submit}>
        <input
          type="search"
          aria-label="Find in the log"
          placeholder="find in the whole log"
          maxLength={200}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
        <button type="submit" disabled={isLooking || !wanted}>
          {isLooking ? "Looking…" : "Find"}
        </button>
        {found && (
          <>
            <span>
              {counted(matches?.length ?? 0, "place")}
              {found.end < found.size && ` in the first ${bytes(found.end)}`}
            </span>
            {found.end < found.size && (
              <button type="button" onClick={() => void look(found.end)}>
                Look further
              </button>
            )}
            <button type="button" onClick={clear}>
              Clear
            </button>
          </>
        )}
      </form>
      {failure && <Problem failure={failure} />}
      {matches && matches.length > 0 && (
        <ol class="matches">
          {matches.map((match) => (
            <li key={match.offset}>
              <button type="button" class="link" onClick={() => onPlace(match.offset)}>
                <code>
                  <Marked text={match.line} mark={wanted} />
                </code>
              </button>
            </li>
          ))}
        </ol>
      )}
    </search>
  );
}
