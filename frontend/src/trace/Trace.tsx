import "./trace.css";
import { useMemo, useState } from "preact/hooks";
import { count } from "../words/numbers";
import { highlighted, type Line } from "./highlight";

const SOME = 60;

/** What a command said in error: text, with the parts that matter marked. */
export function Trace({ text, label }: { text: string; label: string }) {
  const [isWhole, setWhole] = useState(false);
  const { lines, hidden } = useMemo(() => highlighted(text, isWhole ? undefined : SOME), [text, isWhole]);
  return (
    <div class="trace">
      {hidden > 0 && <Hidden lines={hidden} onShow={isWhole ? undefined : () => setWhole(true)} />}
      <section tabIndex={0} aria-label={label}>
        <pre>
          {lines.map((line, at) => (
            <Row key={at} line={line} />
          ))}
        </pre>
      </section>
    </div>
  );
}

function Hidden({ lines, onShow }: { lines: number; onShow: (() => void) | undefined }) {
  return (
    <p class="quiet">
      {count(lines)} earlier {lines === 1 ? "line is" : "lines are"} not shown.{" "}
      {onShow && (
        <button type="button" class="link" onClick={onShow}>
          Show more
        </button>
      )}
    </p>
  );
}

function Row({ line }: { line: Line }) {
  return (
    <span class={line.isForeign ? "foreign" : undefined}>
      {line.pieces.map(({ kind, text }, at) =>
        kind === "plain" ? (
          text
        ) : (
          <span key={at} class={`t-${kind}`}>
            {text}
          </span>
        ),
      )}
      {"\n"}
    </span>
  );
}
