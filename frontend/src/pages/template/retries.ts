// What became of attempts, and what followed them: a stream from the first attempt to where each task ended.

import type { Colours } from "../../charts/colours";
import type { Option } from "../../charts/echarts";
import { base, tip } from "../../charts/look";
import { tipOf } from "../../charts/tips";
import { figure } from "../../charts/units";
import { colourOf, inOrder } from "../../charts/verdicts";

/** So many tasks whose attempt of this number ended so, and how many of them were tried again. */
export interface Ends {
  attempt: number;
  verdict: string;
  tasks: number;
  again: number;
}

interface Node {
  name: string;
  label: string;
  verdict?: string;
  tasks: number;
}

interface Link {
  source: string;
  target: string;
  value: number;
  verdict: string;
}

export interface Stream {
  nodes: Node[];
  links: Link[];
}

const attemptNode = (number: number) => `attempt ${number}`;
const endNode = (attempt: number, verdict: string) => `${attempt} ${verdict}`;

/** Attempts lead to their ends, and ends that were not the last lead to the next attempt. */
export function streamOf(ends: readonly Ends[]): Stream {
  const there = ends.filter(({ tasks }) => tasks > 0);
  const numbers = [...new Set(there.map(({ attempt }) => attempt))].sort((one, other) => one - other);
  const nodes = numbers.flatMap((number) => {
    const its = there.filter(({ attempt }) => attempt === number);
    const ofVerdict = (verdict: string) => its.find((each) => each.verdict === verdict)?.tasks ?? 0;
    return [
      {
        name: attemptNode(number),
        label: attemptNode(number),
        tasks: its.reduce((sum, { tasks }) => sum + tasks, 0),
      },
      ...inOrder(its.map(({ verdict }) => verdict)).map((verdict) => ({
        name: endNode(number, verdict),
        label: verdict,
        verdict,
        tasks: ofVerdict(verdict),
      })),
    ];
  });
  const links = there.flatMap(({ attempt, verdict, tasks, again }) => [
    { source: attemptNode(attempt), target: endNode(attempt, verdict), value: tasks, verdict },
    ...(again > 0 && numbers.includes(attempt + 1)
      ? [{ source: endNode(attempt, verdict), target: attemptNode(attempt + 1), value: again, verdict }]
      : []),
  ]);
  return { nodes, links };
}

export function sankey({ nodes, links }: Stream) {
  const labelOf = new Map(nodes.map(({ name, label }) => [name, label]));
  return (colours: Colours): Option => ({
    ...base(colours),
    legend: { show: false },
    tooltip: tip((hit: { dataType: string; data: Node & Link }) =>
      hit.dataType === "node"
        ? tipOf(hit.data.label, [["tasks", figure(hit.data.tasks)]])
        : tipOf(`${labelOf.get(hit.data.source)} → ${labelOf.get(hit.data.target)}`, [
            ["tasks", figure(hit.data.value)],
          ]),
    ),
    series: [
      {
        type: "sankey",
        left: 8,
        right: 150,
        top: 12,
        bottom: 12,
        nodeGap: 14,
        draggable: false,
        emphasis: { focus: "adjacency" },
        data: nodes.map((node) => ({
          ...node,
          itemStyle: {
            color: node.verdict ? colourOf(node.verdict, colours) : colours.quiet,
            borderWidth: 0,
          },
          label: { formatter: () => `${node.label}: ${figure(node.tasks)}`, color: colours.text },
        })),
        links: links.map((link) => ({
          ...link,
          lineStyle: { color: colourOf(link.verdict, colours), opacity: 0.3 },
        })),
      },
    ],
  });
}
