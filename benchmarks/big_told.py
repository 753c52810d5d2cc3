"""A workflow as it is stored: its tasks, their attempts, and every change of their statuses."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import big_texts
from big_families import location
from big_story import MAX_ATTEMPTS, held_back
from big_world import HOUR, digest

from jobmon_airflow.dags.names import dag_id_of
from jobmon_airflow.engine.verdict import error_kind
from jobmon_airflow.settings import UNLIMITED
from jobmon_airflow.store import schema

if TYPE_CHECKING:
    from big_families import Family
    from big_story import Phase, Plan, Story
    from big_world import World

GIB = 2**30


class Told:
    """One workflow's rows."""

    def __init__(self, world: World, family: Family, plan: Plan, story: Story) -> None:
        self.world, self.family, self.plan, self.story = world, family, plan, story
        self.id = world.ids.next(schema.workflow)
        self.arrays = [world.ids.next(schema.array) for _ in family.phases]
        self.runs = [world.ids.next(schema.workflow_run) for _ in plan.windows]
        self.first_task = world.ids.next(schema.task, family.count)
        self.user = world.rng.choice(big_texts.USERS)
        self.release = world.rng.choice(("16", "18", "21"))
        self.status = self._status()

    def store(self) -> int:
        self._workflow()
        self._runs()
        self._tasks()
        self._attempts()
        self._changes()
        return self.id

    def _status(self) -> str:
        statuses = set(self.story.statuses)
        if statuses <= {"D"}:
            return "D"
        is_over = self.story.last < self.world.now - 2 * HOUR
        return "F" if is_over else "R"

    def _workflow(self) -> None:
        world, family = self.world, self.family
        at, args = (
            world.moment(self.plan.windows[0][0]),
            f"{family.name} of {self.id}, release {self.release}",
        )
        world.add(
            schema.workflow,
            (
                *(
                    "id",
                    "tool_version_id",
                    "dag_id",
                    "workflow_args_hash",
                    "task_hash",
                    "description",
                    "name",
                ),
                *("workflow_args", "max_concurrently_running", "status", "created_date", "status_date"),
            ),
            [
                (
                    *(self.id, family.version, family.dag, digest(args), digest(f"{self.id}"), ""),
                    *(family.name, args, 10_000, self.status, at, world.moment(self.story.last)),
                )
            ],
        )
        world.add(
            schema.array,
            ("id", "name", "task_template_version_id", "workflow_id", "max_concurrently_running", "created_date"),
            (
                (array, phase.name, version, self.id, UNLIMITED, at)
                for array, phase, version in zip(self.arrays, family.phases, family.template_versions, strict=True)
            ),
        )  # fmt: skip
        facts = {**{k: world.rng.choice(v) for k, v in big_texts.ATTRIBUTES.items()}, "release": self.release}
        world.add(
            schema.workflow_attribute,
            ("workflow_id", "workflow_attribute_type_id", "value"),
            [(self.id, world.attribute("workflow", name), value) for name, value in facts.items()],
        )

    def _runs(self) -> None:
        world = self.world
        rows, acting = [], []
        for number, (run, (start, stop)) in enumerate(zip(self.runs, self.plan.windows, strict=True)):
            is_last = number == len(self.runs) - 1
            status = {"D": "D", "F": "E", "R": "R"}[self.status] if is_last else "S"
            ended = self.story.last if is_last else stop + 2
            beat = world.now + 90 if status == "R" else ended + 90
            rows.append(
                (
                    *(run, self.id, self.user, "0.1.0", status, world.moment(start), world.moment(ended)),
                    *(world.moment(beat), f"submit{run % 3}, process {1000 + run}", 10 + run % 50),
                )
            )
            dag_id = dag_id_of(self.family.tool, self.family.name)
            at = world.moment(start)
            outcome = None if status == "R" else json.dumps({"status": status, "workflow_id": self.id})
            acting.append(
                (
                    *(
                        world.ids.next(schema.airflow_task),
                        dag_id,
                        f"manual__{self.id}.{number}",
                        "run",
                        -1,
                        1,
                    ),
                    *(1, self.id, run, outcome, at, world.moment(ended)),
                )
            )
        world.add(
            schema.workflow_run,
            (
                *("id", "workflow_id", "user", "jobmon_version", "status", "created_date", "status_date"),
                *("heartbeat_date", "controller", "turn"),
            ),
            rows,
        )
        world.add(
            schema.airflow_task,
            (
                *("id", "dag_id", "run_id", "task_id", "map_index", "try_number", "heeded"),
                *("workflow_id", "workflow_run_id", "outcome", "created_date", "status_date"),
            ),
            acting,
        )
        if self.status == "R":
            self._reasons()

    def _reasons(self) -> None:
        world = self.world
        waiting = [0] * len(self.arrays)
        for task, status in enumerate(self.story.statuses):
            if status == "O":
                waiting[self._phase_of(task)[0]] += 1
        rows = [
            (self.runs[-1], array, reason, many, world.moment(world.now - 300), world.moment(world.now))
            for array, amount in zip(self.arrays, waiting, strict=True)
            for reason, many in _shared(amount, big_texts.CAUSES)
        ]
        columns = ("workflow_run_id", "array_id", "reason", "tasks", "since_date", "status_date")
        world.add(schema.waiting_reason, columns, rows)
        columns = ("workflow_run_id", "array_id", "for_room", "for_failed", "status_date")
        held = zip(self.arrays, *held_back(self.plan, self.story), strict=True)
        rows = [(self.runs[-1], *each, world.moment(world.now)) for each in held]
        world.add(schema.waiting_tasks, columns, [row for row in rows if any(row[2:4])])

    def _tasks(self) -> None:
        world, family, story = self.world, self.family, self.story
        columns = (
            *("id", "workflow_id", "node_id", "array_id", "task_args_hash", "name", "command"),
            *("task_resources_id", "num_attempts", "max_attempts", "status", "status_date"),
        )
        hashed, number = digest(f"release {self.release}"), 0
        for phase, array in zip(family.phases, self.arrays, strict=True):
            rows, args = [], []
            asked = world.request(phase, phase.memory)
            names = [name for name, _ in phase.args]
            words = [
                (
                    "_".join(f"{name}-{value}" for name, value in zip(names, values, strict=True)),
                    " ".join(f"--{name} {value}" for name, value in zip(names, values, strict=True)),
                )
                for values in phase.combinations
            ]
            for unit in range(family.units):
                place = location(unit)
                for called, options in words:
                    task = self.first_task + number
                    name = f"{phase.name}_location-{place}_{called}".rstrip("_")
                    command = (
                        f"python {phase.name}.py --location '{place}' {options} --release {self.release}"
                    )
                    rows.append(
                        (
                            *(task, self.id, family.first_node + number, array, hashed, name, command, asked),
                            *(story.tries[number], MAX_ATTEMPTS, story.statuses[number]),
                            world.moment(story.since[number]),
                        )
                    )
                    args.append((task, self.world.args["release"], self.release))
                    number += 1
            world.add(schema.task, columns, rows)
            world.add(schema.task_arg, ("task_id", "arg_id", "val"), args)
        kind = world.attribute("task", "priority")
        marked = [(self.first_task + it, kind, "high") for it in range(0, family.count, 97)]
        world.add(schema.task_attribute, ("task_id", "task_attribute_type_id", "value"), marked)

    def _attempts(self) -> None:
        world, rows, told = self.world, [], []
        columns = (
            *("id", "workflow_run_id", "array_id", "task_id", "distributor_id", "task_resources_id"),
            *(
                "array_batch_num",
                "array_step_id",
                "nodename",
                "wallclock",
                "maxrss",
                "cpu",
                "stdout",
                "stderr",
            ),
            *("stderr_log", "exit_code", "verdict", "evidence", "status", "submitted_date", "status_date"),
            *("report_by_date", "error_kind_id"),
        )
        self.story.attempts.sort(key=lambda it: it.submitted)
        first = world.ids.next(schema.task_instance, len(self.story.attempts))
        moment = world.moment
        for number, it in enumerate(self.story.attempts, first):
            place, phase = self._phase_of(it.task)
            is_over, node = it.ended is not None, f"c{1200 + it.task * 7 % 97}"
            used = max(it.ended - it.began, 0.01) if is_over and it.began else None
            failed = is_over and it.status != "D"
            said = self._said(it, phase, node) if failed else None
            code = big_texts.CODES.get(it.verdict)
            evidence = None
            if is_over:
                evidence = json.dumps({"exit_code": code} if code is not None else {"cause": it.verdict})
            file = f"/share/jobmon/logs/{self.id}/{phase.name}/{self.first_task + it.task}"
            since = it.ended or it.began or it.submitted
            rows.append(
                (
                    *(number, self.runs[it.run], self.arrays[place], self.first_task + it.task),
                    *(f"{40_000_000 + number // 500}_{number % 500}", world.request(phase, it.asked)),
                    *(number // 500 + 1, number % 500, node if it.began else None, used),
                    *(int(it.memory * GIB) if it.memory else None, used and used * phase.cores * 0.83),
                    *(f"{file}.o{number}", f"{file}.e{number}", said, code, it.verdict, evidence),
                    *(it.status, moment(it.submitted), moment(since)),
                    None if is_over else moment(world.now + 90),
                    world.kind(error_kind(it.verdict, code, said)) if said else None,
                )
            )
            if said:
                code = f": exit code {code}" if code is not None else ""
                words = f"{it.verdict.capitalize()}{code}.\n{said}"
                told.append((world.ids.next(schema.task_instance_error_log), number, moment(it.ended), words))
        world.add(schema.task_instance, columns, rows)
        world.add(
            schema.task_instance_error_log, ("id", "task_instance_id", "error_time", "description"), told
        )

    def _said(self, it, phase: Phase, node: str) -> str:
        rng = self.world.rng
        choices = big_texts.SAID[it.verdict]
        ((_, words),) = rng.choices(choices, [weight for weight, _ in choices])
        return words.format(
            user=self.user,
            tool=self.family.tool,
            template=phase.name,
            line=rng.randint(10, 400),
            number=it.task,
            year=1990 + it.task % 30,
            node=node[1:],
        )

    def _changes(self) -> None:
        world, changes = self.world, self.story.changes
        changes.sort()
        first = world.ids.next(schema.task_status_audit, len(changes))
        moment = world.moment
        world.add(
            schema.task_status_audit,
            ("id", "task_id", "workflow_id", "previous_status", "new_status", "entered_at"),
            (
                (first + number, self.first_task + task, self.id, old, new, moment(at))
                for number, (at, task, old, new) in enumerate(changes)
            ),
        )

    def _phase_of(self, task: int) -> tuple[int, Phase]:
        for place, (phase, end) in enumerate(zip(self.family.phases, self._ends, strict=True)):
            if task < end:
                return place, phase
        raise AssertionError(task)

    @cached_property
    def _ends(self) -> list[int]:
        return [self.plan.units * size for size in accumulate(self.plan.sizes)]


def _shared(amount: int, words):
    rest = amount
    for word in words:
        part = rest if word is words[-1] else rest // 2
        rest -= part
        if part:
            yield word, part
