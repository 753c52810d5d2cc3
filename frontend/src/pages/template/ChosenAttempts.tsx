import { useMemo } from "preact/hooks";
import { inWords } from "../../charts/units";
import { FileButtons } from "../../parts/FileButtons";
import { Meter } from "../../parts/Meter";
import { type Column, Table } from "../../parts/Table";
import { paths } from "../../paths";
import { Link } from "../../router";
import { counted } from "../../words/numbers";
import { type ChosenAttempt, cellsOf, chosenAttempts, HEAD } from "./chosen";
import type { AttemptPoints } from "./shapes";

const SHOWN = 100;

const meter = (measure: "memory" | "runtime" | "cores", used: number | null, asked: number | null) => (
  <Meter used={used} of={asked} words={(value) => inWords(measure, value)} />
);

const COLUMNS: readonly Column<ChosenAttempt>[] = [
  { key: "task", title: "Task", cell: (it) => <Link to={paths.task(it.taskId)}>{it.taskId}</Link> },
  { key: "number", title: "Attempt", isNumber: true, cell: (it) => it.number },
  { key: "verdict", title: "Ended", cell: (it) => it.verdict },
  { key: "memory", title: "Memory", cell: (it) => meter("memory", it.memory, it.askedMemory) },
  { key: "runtime", title: "Runtime", cell: (it) => meter("runtime", it.runtime, it.askedRuntime) },
  { key: "cores", title: "Cores used", cell: (it) => meter("cores", it.cores, it.askedCores) },
];

interface Props {
  points: AttemptPoints;
  /** Where the chosen ones stand in the columns. */
  at: readonly number[];
  /** Of the files. */
  name: string;
}

/** The attempts that were enclosed. */
export function ChosenAttempts({ points, at, name }: Props) {
  const args = Object.keys(points.args);
  const rows = useMemo(() => chosenAttempts(points, at.slice(0, SHOWN)), [points, at]);
  const columns = [
    ...COLUMNS,
    ...args.map((arg) => ({ key: `arg.${arg}`, title: arg, cell: (it: ChosenAttempt) => it.args[arg] })),
  ];
  return (
    <div class="chosen">
      <h3>Chosen: {counted(at.length, "attempt")}</h3>
      <Table
        columns={columns}
        rows={rows}
        rowKey={(it) => it.attemptId}
        caption="The chosen attempts"
        empty="There is no attempt in the area."
      >
        <span class="quiet">{at.length > SHOWN && `The first ${SHOWN}; the files have all.`}</span>
        <FileButtons
          name={name}
          head={[...HEAD, ...args]}
          rows={() => chosenAttempts(points, at).map((it) => cellsOf(it, args))}
        />
      </Table>
    </div>
  );
}
