"""A single command that is run from the triggerer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jobmon_airflow.dags import reaching
from jobmon_airflow.dags.about import about, packed
from jobmon_airflow.dags.attempt import attempt_of, in_words
from jobmon_airflow.dags.commands import COMMAND, Command, as_text
from jobmon_airflow.dags.engine import Order
from jobmon_airflow.dags.quoting import quoting
from jobmon_airflow.triggers.attending import AttendingTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from jobmon_airflow.engine.outcomes import Outcome
    from jobmon_airflow.store.airflow_tasks import Try


@dataclass(kw_only=True, eq=False, repr=False)
class CommandTrigger(AttendingTrigger):
    """Ends its task as a command ends."""

    repeats = True

    command: str | Sequence[str]
    compute_resources: Mapping[str, Any]
    env: Mapping[str, str]
    rest: Mapping[str, Any]
    workflow_args: str | None
    wishes: Mapping[str, Any]

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Fill in the templates; what a person wrote into params or conf is quoted where it enters the command."""
        env = jinja_env or self.get_template_env()
        first = tuple(name for name in self.template_fields if name == COMMAND)
        others = tuple(name for name in self.template_fields if name != COMMAND)
        self._do_render_template_fields(self, first, quoting(context, self.command), env, set())
        self._do_render_template_fields(self, others, context, env, set())

    def order(self, this: Try) -> Order:
        """What the engine is to do for a try."""
        facts = about(self.task_instance.get_template_context())  # type: ignore[union-attr]
        command = self._command(this)
        ways = reaching.ways(self.store(), [command.cluster])
        return Order(
            place=this.place,
            try_number=this.number,
            facts=packed(facts),
            wishes=self.wishes,
            cancel_on_kill=self.cancel_on_kill,
            command=reaching.settled(command, ways),
            clusters=ways,
            env={name: str(value) for name, value in self.env.items()},
            workflow_args=self.workflow_args,
        )

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """Ids, verdict and usage of the attempt."""
        facts = attempt_of(self.store(), outcome)
        self.log.info("%s", in_words(facts))
        return facts

    def _command(self, this: Try) -> Command:
        """The command with its templates filled in; a task of a workflow has none."""
        command = replace(Command(**self.rest), compute_resources=self.compute_resources)
        if COMMAND not in command.op_args or command.command_template != f"{{{COMMAND}}}":
            return command
        return replace(
            command,
            tool=command.tool or this.place.dag_id,
            op_args={COMMAND: as_text(self.command)},
        )
