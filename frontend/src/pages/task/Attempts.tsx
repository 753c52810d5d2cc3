import type { Schemas } from "../../api/client";
import { useLive } from "../../api/live";
import { LogView, type Stream } from "../../logs/LogView";
import { Downloads, type PageOf } from "../../parts/DataTable";
import { Facts } from "../../parts/Facts";
import { Loaded } from "../../parts/Loaded";
import { Meter } from "../../parts/Meter";
import { Status } from "../../parts/Status";
import { type Column, Table } from "../../parts/Table";
import { Time } from "../../parts/Time";
import { useQuery } from "../../router";
import { bytes, short } from "../../words/numbers";
import { span } from "../../words/times";
import { requestedWords } from "./requests";
import type { TaskHeader } from "./TaskPage";

type Attempt = Schemas["Attempt"];

/** What became of each attempt; of the one that is chosen, what the verdict rests on and what it said. */
export function Attempts({ task }: { task: TaskHeader }) {
  const path = `tasks/${task.id}/attempts`;
  const live = useLive<PageOf<Attempt>>(`${path}?limit=500`, { active: task.is_active });
  const [query, change] = useQuery();
  const choose = (attempt: Attempt) => change({ attempt: String(attempt.id) });
  return (
    <section class="panel" aria-label="Attempts">
      <div class="row">
        <h2>Attempts</h2>
        <span class="push">
          <Downloads path={path} />
        </span>
      </div>
      <Loaded live={live}>
        {({ items }) => {
          const chosen = items.find((each) => String(each.id) === query.get("attempt")) ?? items.at(-1);
          return (
            <>
              <Table
                columns={columns(choose)}
                rows={items}
                rowKey={(attempt) => attempt.id}
                caption="Attempts, oldest first"
                empty="It was not tried yet."
                chosen={chosen?.id ?? null}
              />
              {chosen && <Chosen key={chosen.id} attempt={chosen} />}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

const columns = (choose: (attempt: Attempt) => void): readonly Column<Attempt>[] => [
  {
    key: "number",
    title: "#",
    isNumber: true,
    cell: (it) => (
      <button type="button" class="small" aria-label={`Show attempt ${it.number}`} onClick={() => choose(it)}>
        {it.number}
      </button>
    ),
  },
  { key: "status", title: "Status", cell: (it) => <Status status={it.status} meaning={it.meaning} /> },
  { key: "verdict", title: "Verdict", cell: (it) => it.verdict ?? "" },
  { key: "node", title: "Node", cell: (it) => it.node ?? "" },
  { key: "job", title: "Job", cell: (it) => it.job ?? "" },
  { key: "submitted", title: "Submitted", cell: (it) => <Time at={it.submitted_date} /> },
  { key: "waited", title: "Waited", isNumber: true, cell: (it) => between(it.submitted_date, it.begin_date) },
  {
    key: "runtime",
    title: "Ran",
    hint: "Of the runtime that was asked for",
    cell: (it) => <Meter used={it.used.runtime} of={it.requested?.runtime} words={span} />,
  },
  {
    key: "memory",
    title: "Memory",
    hint: "At its peak, of what was asked for",
    cell: (it) => <Meter used={it.used.memory} of={it.requested?.memory} words={bytes} />,
  },
  {
    key: "cpu",
    title: "Cores used",
    hint: "CPU time by runtime, of the cores that were asked for",
    cell: (it) => <Meter used={cores(it)} of={it.requested?.cores} words={short} />,
  },
];

function cores({ used }: Attempt): number | null {
  return used.cpu === null || !used.runtime ? null : used.cpu / used.runtime;
}

function between(begin: string | null, end: string | null): string {
  return begin && end ? span((Date.parse(end) - Date.parse(begin)) / 1000) : "";
}

function Chosen({ attempt }: { attempt: Attempt }) {
  const [query, change] = useQuery();
  const stream: Stream = query.get("stream") === "stdout" ? "stdout" : "stderr";
  const { evidence } = attempt;
  return (
    <article aria-label={`Attempt ${attempt.number}`}>
      <h3>
        Attempt {attempt.number} <small class="quiet">task instance {attempt.id}</small>
      </h3>
      <p>
        <Status status={attempt.status} /> <span class="quiet">{attempt.meaning}</span>
      </p>
      <Facts
        facts={[
          ["Verdict", attempt.verdict],
          ["Exit code", evidence.exit_code],
          ["Signal", evidence.signal],
          ["Ended by", evidence.cause],
          ["Evidence", evidence.detail],
          ["Asked for", attempt.requested && requestedWords(attempt.requested)],
          ["Began", attempt.begin_date && <Time at={attempt.begin_date} exact />],
          [attempt.is_active ? "Since" : "Ended", <Time key="end" at={attempt.status_date} exact />],
          ["Process group", attempt.process_group],
          ["Workflow run", attempt.workflow_run_id],
        ]}
      />
      {attempt.error && (
        <pre class="command error" tabIndex={0}>
          {attempt.error}
        </pre>
      )}
      <div class="row tabs" role="group" aria-label="What it said">
        {(["stderr", "stdout"] as const).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={stream === name}
            onClick={() => change({ stream: name })}
          >
            {name}
          </button>
        ))}
      </div>
      <LogView attempt={attempt.id} stream={stream} />
    </article>
  );
}
