"""Task templates, their versions, and the args of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from jobmon_airflow.store import sets
from jobmon_airflow.store.schema import arg, array, task_template, task_template_version, template_arg_map
from jobmon_airflow.store.vocabulary import NODE_ARG, OP_ARG, TASK_ARG
from jobmon_airflow.store.words import digest, ids_of_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection, Select


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a template version says."""

    template_id: int
    command: str
    node_args: tuple[str, ...]
    task_args: tuple[str, ...]
    op_args: tuple[str, ...]

    @property
    def command_hash(self) -> str:
        return digest(self.command)

    @property
    def arg_mapping_hash(self) -> str:
        return digest(*(",".join(sorted(names)) for names in (self.node_args, self.task_args, self.op_args)))


def template_ids(connection: Connection, tool_version_id: int, names: Collection[str]) -> dict[str, int]:
    """The templates of these names; those that were not there are there now."""
    rows = [(tool_version_id, name) for name in sorted(names)]
    sets.insert(connection, task_template, ("tool_version_id", "name"), rows, keep_existing=True)
    query = select(task_template.c.name, task_template.c.id).where(
        task_template.c.tool_version_id == tool_version_id, sets.among(task_template.c.name, list(names))
    )
    return sets.mapping(connection, query)


def arg_ids(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """The args of these names; those that were not there are there now."""
    return ids_of_names(connection, arg, names)


def bind_versions(connection: Connection, versions: Collection[Version]) -> dict[Version, int]:
    """The ids of the versions that say this; those that were not there are there now."""
    table = task_template_version
    sets.insert(
        connection,
        table,
        ("task_template_id", "command_template", "command_hash", "arg_mapping_hash"),
        sorted(
            (each.template_id, each.command, each.command_hash, each.arg_mapping_hash) for each in versions
        ),
        keep_existing=True,
    )
    query = select(
        table.c.task_template_id, table.c.command_hash, table.c.arg_mapping_hash, table.c.id
    ).where(sets.among(table.c.task_template_id, sorted({each.template_id for each in versions})))
    found = {tuple(key): number for *key, number in connection.execute(query)}
    ids = {each: found[each.template_id, each.command_hash, each.arg_mapping_hash] for each in versions}
    _bind_args(connection, ids)
    return ids


def versions_of(connection: Connection, template_id: int) -> list[tuple[int, Version]]:
    """The template's versions, oldest first."""
    table = task_template_version
    query = select(table.c.id, table.c.task_template_id, table.c.command_template)
    return _versions(connection, query.where(table.c.task_template_id == template_id).order_by(table.c.id))


def of_id(connection: Connection, version_id: int) -> tuple[str, Version] | None:
    """The name of the template, and what its version of this id says; None if there is none."""
    table = task_template_version
    query = select(table.c.id, table.c.task_template_id, table.c.command_template)
    found = _versions(connection, query.where(table.c.id == version_id))
    if not found:
        return None
    [(_, version)] = found
    names = select(task_template.c.name).where(task_template.c.id == version.template_id)
    return connection.execute(names).scalar_one(), version


def newest_of_arrays(connection: Connection, array_ids: Collection[int]) -> Version:
    """The newest of the versions whose tasks are in these arrays."""
    table = task_template_version
    used = select(array.c.task_template_version_id).where(array.c.id.in_(array_ids))
    query = select(table.c.id, table.c.task_template_id, table.c.command_template)
    *_, (_, newest) = _versions(connection, query.where(table.c.id.in_(used)).order_by(table.c.id))
    return newest


def _versions(connection: Connection, query: Select[Any]) -> list[tuple[int, Version]]:
    """Versions by id, from their ids, templates and commands."""
    rows = connection.execute(query).all()
    args = _args_of(connection, [number for number, _, _ in rows])
    return [
        (
            number,
            Version(
                template_id=template_id,
                command=command,
                node_args=args[number, NODE_ARG],
                task_args=args[number, TASK_ARG],
                op_args=args[number, OP_ARG],
            ),
        )
        for number, template_id, command in rows
    ]


def _bind_args(connection: Connection, versions: Mapping[Version, int]) -> None:
    kinds = [
        (number, name, kind)
        for version, number in versions.items()
        for kind, names in (
            (NODE_ARG, version.node_args),
            (TASK_ARG, version.task_args),
            (OP_ARG, version.op_args),
        )
        for name in names
    ]
    ids = arg_ids(connection, {name for _, name, _ in kinds})
    sets.insert(
        connection,
        template_arg_map,
        ("task_template_version_id", "arg_id", "arg_type_id"),
        sorted((number, ids[name], kind) for number, name, kind in kinds),
        keep_existing=True,
    )


def _args_of(connection: Connection, version_ids: list[int]) -> dict[tuple[int, int], tuple[str, ...]]:
    """The names of each version's args of each kind."""
    mapping = template_arg_map
    query = (
        select(mapping.c.task_template_version_id, mapping.c.arg_type_id, arg.c.name)
        .join(arg, arg.c.id == mapping.c.arg_id)
        .where(sets.among(mapping.c.task_template_version_id, version_ids))
        .order_by(arg.c.id)
    )
    found: dict[tuple[int, int], tuple[str, ...]] = {
        (number, kind): () for number in version_ids for kind in (NODE_ARG, TASK_ARG, OP_ARG)
    }
    for number, kind, name in connection.execute(query):
        found[number, kind] += (name,)
    return found
