import { useMemo } from "preact/hooks";
import { useLive } from "../../api/live";
import { Chart } from "../../charts/Chart";
import { Choice, useChoice } from "../../parts/Choice";
import { Facts } from "../../parts/Facts";
import { FileButtons } from "../../parts/FileButtons";
import { Loaded } from "../../parts/Loaded";
import { type Column, Table } from "../../parts/Table";
import { useQuery } from "../../router";
import { count, percent, short } from "../../words/numbers";
import { Savings } from "./Savings";
import { Since } from "./Since";
import type { Usage, UsageGroup } from "./shapes";
import { largest, stackedBars } from "./stacks";
import { stepWords } from "./steps";

const BY = { tool: "by tool", user: "by user", template: "by template" } as const;
const OF = { cores: "core-hours", memory: "memory-hours" } as const;
const UNITS = { cores: "core-hours", memory: "GiB hours" } as const;

/** What was asked for and used over time, by whom, and who could save most. */
export default function UsagePage() {
  const [query] = useQuery();
  const [by, setBy] = useChoice("by", BY);
  const [of, setOf] = useChoice("of", OF);
  const time = new URLSearchParams();
  for (const key of ["from", "to"]) if (query.get(key)) time.set(key, query.get(key) ?? "");
  const question = new URLSearchParams(time);
  question.set("by", by);
  const live = useLive<Usage>(`usage?${question}`, { keeps: true });
  return (
    <>
      <h1>Usage over time</h1>
      <div class="row">
        <Since />
        <Choice label="Put together" choices={BY} chosen={by} onChoose={setBy} />
        <Choice label="Of what" choices={OF} chosen={of} onChoose={setOf} />
      </div>
      <Loaded live={live}>{(usage) => <Shown usage={usage} of={of} />}</Loaded>
      <Savings time={time} />
    </>
  );
}

const askedOf = (group: UsageGroup, of: keyof typeof OF) =>
  of === "cores" ? group.core_hours_asked : group.memory_hours_asked;
const usedOf = (group: UsageGroup, of: keyof typeof OF) =>
  of === "cores" ? group.core_hours_used : group.memory_hours_used;

function Shown({ usage, of }: { usage: Usage; of: keyof typeof OF }) {
  const steps = useMemo(() => usage.steps.map((step) => stepWords(step, usage.step_hours)), [usage]);
  const option = useMemo(
    () =>
      stackedBars({
        steps,
        unit: UNITS[of],
        stacks: largest(
          usage.groups.map((group) => ({
            name: group.name,
            asked: askedOf(group, of),
            used: usedOf(group, of),
          })),
        ),
      }),
    [usage, of, steps],
  );
  const { total } = usage;
  return (
    <section class="panel" aria-label="Usage">
      <Facts
        facts={[
          ["Attempts", count(total.attempts)],
          ["Core-hours asked for", short(total.core_hours_asked)],
          ["Core-hours used", short(total.core_hours_used)],
          ["Unused of the cores", percent(total.cores_unused)],
          ["GiB hours asked for", short(total.memory_hours_asked)],
          ["GiB hours used", short(total.memory_hours_used)],
          ["Unused of the memory", percent(total.memory_unused)],
          ["Core-hours of attempts that failed", short(total.failed_core_hours)],
        ]}
      />
      {usage.groups.length === 0 ? (
        <p class="quiet">No attempt ended in this time.</p>
      ) : (
        <>
          <Chart
            label={`${OF[of]} asked for and used over time, by ${usage.by}. The table below has their sums.`}
            option={option}
            height={340}
            zooms
            key={`${usage.by} ${of}`}
          />
          <Groups usage={usage} />
        </>
      )}
    </section>
  );
}

/** The sums of each group, and a file with its steps. */
function Groups({ usage }: { usage: Usage }) {
  return (
    <Table
      columns={[{ key: "name", title: usage.by, cell: (row) => row.name }, ...COLUMNS]}
      rows={usage.groups}
      rowKey={(row) => row.name}
      caption={`Usage by ${usage.by}`}
      empty="No attempt ended in this time."
    >
      <span class="quiet">{usage.others > 0 && `All others are ${count(usage.others)}.`}</span>
      <FileButtons
        name={`usage-by-${usage.by}`}
        head={HEAD}
        rows={() => usage.groups.flatMap((group) => rowsOf(group, usage))}
      />
    </Table>
  );
}

const COLUMNS: readonly Column<UsageGroup>[] = [
  { key: "attempts", title: "Attempts", isNumber: true, cell: ({ total }) => count(total.attempts) },
  {
    key: "cores",
    title: "Core-hours asked for",
    isNumber: true,
    cell: ({ total }) => short(total.core_hours_asked),
  },
  { key: "coresUsed", title: "used", isNumber: true, cell: ({ total }) => short(total.core_hours_used) },
  { key: "coresUnused", title: "unused", isNumber: true, cell: ({ total }) => percent(total.cores_unused) },
  {
    key: "memory",
    title: "GiB hours asked for",
    isNumber: true,
    cell: ({ total }) => short(total.memory_hours_asked),
  },
  { key: "memoryUsed", title: "used", isNumber: true, cell: ({ total }) => short(total.memory_hours_used) },
  { key: "memoryUnused", title: "unused", isNumber: true, cell: ({ total }) => percent(total.memory_unused) },
  {
    key: "failed",
    title: "Core-hours in failures",
    isNumber: true,
    cell: ({ total }) => short(total.failed_core_hours),
  },
];

const HEAD = [
  "name",
  "step",
  "attempts",
  "core_hours_asked",
  "core_hours_used",
  "memory_hours_asked",
  "memory_hours_used",
];

const rowsOf = (group: UsageGroup, usage: Usage) =>
  usage.steps.map((step, at) => [
    group.name,
    step,
    group.attempts[at],
    group.core_hours_asked[at],
    group.core_hours_used[at],
    group.memory_hours_asked[at],
    group.memory_hours_used[at],
  ]);
