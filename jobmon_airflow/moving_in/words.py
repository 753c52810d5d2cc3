"""Tools, templates and their versions: what workflows of many runs have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.client.command_template import CommandTemplate
from jobmon_airflow.client.version_identity import digest_of, keys_of, split_args
from jobmon_airflow.errors import JobmonError
from jobmon_airflow.moving_in import values
from jobmon_airflow.store import history, templates, tools
from jobmon_airflow.store.vocabulary import NODE_ARG, OP_ARG, TASK_ARG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from jobmon_airflow.moving_in.move import Move

_UNREADABLE: Final = (
    "Command templates that cannot be read here, so that no script finds what was made of them"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A template version: our id, and what its tasks' identity is computed from."""

    id: int
    template: str
    node_args: tuple[str, ...]  #: in the order of the command
    task_args: tuple[str, ...]
    keys: Any


@dataclass(slots=True)
class Words:
    """What is ours of the words that an original uses."""

    tool_versions: dict[int, int] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)  #: by the original's id
    by_id: dict[int, Version] = field(default_factory=dict)  #: by ours
    args: dict[int, str] = field(default_factory=dict)  #: names, by the original's id
    arg_ids: dict[str, int] = field(default_factory=dict)


def bring(move: Move) -> Words:
    """Bring all of them; there are thousands, where there are millions of tasks."""
    words = Words()
    tool_ids = _tools(move)
    words.tool_versions = _tool_versions(move, tool_ids)
    words.args = {row.id: values.name(row.name) for page in move.reader.pages("arg") for row in page}
    words.arg_ids = move.write(lambda it: templates.arg_ids(it, set(words.args.values())))
    names = _templates(move, words)
    for page in move.reader.pages("task_template_version"):
        _versions(move, words, names, page)
    words.by_id = {version.id: version for version in words.versions.values()}
    return words


# --- tools ------------------------------------------------------------------------------------------------------


def _tools(move: Move) -> dict[int, int]:
    known = move.all_ids("tool")
    new = {
        row.id: values.name(row.name)
        for page in move.reader.pages("tool")
        for row in page
        if row.id not in known
    }

    def enter(connection: Connection) -> dict[int, int]:
        return {number: tools.tool_id(connection, name) for number, name in new.items()}

    return known | (move.enter("tool", enter) if new else {})


def _tool_versions(move: Move, tool_ids: Mapping[int, int]) -> dict[int, int]:
    known = move.all_ids("tool_version")
    of_tools: dict[int, list[int]] = {}
    for page in move.reader.pages("tool_version"):
        for row in page:
            of_tools.setdefault(row.tool_id, []).append(row.id)
    new = {
        tool_id: numbers
        for tool_id, numbers in of_tools.items()
        if tool_id in tool_ids and not known.keys() >= set(numbers)
    }

    def enter(connection: Connection) -> dict[int, int]:
        known = move.ids_within(connection, "tool_version", {each for its in new.values() for each in its})
        ids: dict[int, int] = {}
        for tool_id, numbers in new.items():
            ids |= _versions_of_tool(connection, tool_ids[tool_id], numbers, known)
        return ids

    if new:
        move.enter("tool_version", enter)
    return move.all_ids("tool_version")


def _versions_of_tool(
    connection: Connection, tool_id: int, numbers: Sequence[int], known: Mapping[int, int]
) -> dict[int, int]:
    """Our versions for a tool's, oldest first. Its latest is ours, if the tool was used here before it came.

    A script that names no version means the latest, there and here.
    """
    ids: dict[int, int] = {}
    made_here = history.versions_made_here(connection, tool_id)
    if made_here and known.keys().isdisjoint(numbers):
        ids[numbers[-1]] = made_here[-1]
    for number in numbers:
        if number not in ids and number not in known:
            ids[number] = history.add_tool_version(connection, tool_id)
    return ids


# --- templates --------------------------------------------------------------------------------------------------


def _templates(move: Move, words: Words) -> dict[int, tuple[int, str]]:
    """Our id, and the name, of each template."""
    known = move.all_ids("task_template")
    found: dict[int, tuple[int, str]] = {}
    for page in move.reader.pages("task_template"):
        named = {
            row.id: (words.tool_versions[row.tool_version_id], values.name(row.name))
            for row in page
            if row.tool_version_id in words.tool_versions
        }
        new = {number: template for number, template in named.items() if number not in known}
        ids = known | (_enter_templates(move, new) if new else {})
        found |= {number: (ids[number], name) for number, (_, name) in named.items()}
    return found


def _enter_templates(move: Move, new: Mapping[int, tuple[int, str]]) -> dict[int, int]:
    of_versions: dict[int, set[str]] = {}
    for tool_version_id, name in new.values():
        of_versions.setdefault(tool_version_id, set()).add(name)

    def enter(connection: Connection) -> dict[int, int]:
        found = {
            tool_version_id: templates.template_ids(connection, tool_version_id, names)
            for tool_version_id, names in of_versions.items()
        }
        return {number: found[version][name] for number, (version, name) in new.items()}

    return move.enter("task_template", enter)


# --- template versions ------------------------------------------------------------------------------------------


def _versions(
    move: Move, words: Words, names: Mapping[int, tuple[int, str]], page: Sequence[Row[Any]]
) -> None:
    rows = [row for row in page if row.task_template_id in names]
    args = _args(move, words, [row.id for row in rows])
    said = {row.id: _said(move, row, names[row.task_template_id], args.get(row.id, {})) for row in rows}
    known = move.ids("task_template_version", said)

    def enter(connection: Connection) -> dict[int, int]:
        new = {number: version for number, (version, _) in said.items() if number not in known}
        bound = templates.bind_versions(connection, set(new.values()))
        return {number: bound[version] for number, version in new.items()}

    ids = known | (move.enter("task_template_version", enter) if said.keys() - known.keys() else {})
    for number, (version, name) in said.items():
        digest = digest_of(name, version.command, version.node_args, version.task_args, version.op_args)
        words.versions[number] = Version(
            ids[number], name, version.node_args, version.task_args, keys_of(digest)
        )


def _args(move: Move, words: Words, version_ids: Iterable[int]) -> dict[int, dict[int, list[str]]]:
    """The names of each version's args of each kind, in the order in which they came to be."""
    found: dict[int, dict[int, list[str]]] = {}
    rows = list(move.reader.among("template_arg_map", "task_template_version_id", list(version_ids)))
    for row in sorted(rows, key=lambda row: (row.task_template_version_id, row.arg_id)):
        kinds = found.setdefault(row.task_template_version_id, {})
        if row.arg_id in words.args:
            kinds.setdefault(int(row.arg_type_id), []).append(words.args[row.arg_id])
    return found


def _said(
    move: Move, row: Row[Any], template: tuple[int, str], args: Mapping[int, Sequence[str]]
) -> tuple[templates.Version, str]:
    """What a template version says, as a script that is run here would say it."""
    command = values.said(row.command_template)
    node, task, op = (tuple(args.get(kind, ())) for kind in (NODE_ARG, TASK_ARG, OP_ARG))
    try:
        node, task, op = split_args(CommandTemplate(command), node, task, op)
    except JobmonError:
        move.report.change(_UNREADABLE, f"template version {row.id}")
    template_id, name = template
    version = templates.Version(
        template_id=template_id, command=command, node_args=node, task_args=task, op_args=op
    )
    return version, name
