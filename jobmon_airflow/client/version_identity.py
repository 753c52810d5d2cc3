"""What makes a template version the one it is, and a node the one it is: the same in every process and database."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from jobmon_airflow.errors import InvalidTemplate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobmon_airflow.client.command_template import CommandTemplate

KEY_BYTES: Final = 16


def split_args(
    command: CommandTemplate, node: tuple[str, ...], task: tuple[str, ...], op: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The three kinds of args, if together they are the template's gaps."""
    declared = (*node, *task, *op)
    if twice := sorted({arg for arg in declared if declared.count(arg) > 1}):
        raise InvalidTemplate(
            f"{', '.join(twice)} declared as two kinds of args of {command.text!r}.",
            remedy="An arg is a node arg, a task arg or an op arg.",
        )
    if unknown := sorted(set(declared) - set(command.fields)):
        raise InvalidTemplate(
            f"The command template {command.text!r} has no gap for {', '.join(unknown)}.",
            remedy=f"Write {{{unknown[0]}}} into the command, or leave it out of the args.",
        )
    # As in Jobmon, a gap that nobody declared may be filled with anything without changing the task's identity.
    # All in the order of the command: what is declared in another order is not another version.
    rest = set(declared) - set(op)
    return (
        tuple(field for field in command.fields if field in node),
        tuple(field for field in command.fields if field in task),
        tuple(field for field in command.fields if field not in rest),
    )


def digest_of(
    template_name: str, command: str, node: Sequence[str], task: Sequence[str], op: Sequence[str]
) -> bytes:
    """What stands for a version."""
    identity = blake2b(digest_size=KEY_BYTES)
    for part in (template_name, command):
        identity.update(part.encode() + b"\0")
    for names in (node, task, op):
        identity.update("\0".join(names).encode() + b"\0\0")
    return identity.digest()


def keys_of(digest: bytes) -> Any:
    """What the keys of all nodes of a version have in common, for `key_of`."""
    return blake2b(digest, digest_size=KEY_BYTES)


def key_of(keys: Any, values: Sequence[str]) -> int:
    """The 128 bits that stand for a node: its version, and the values of its node args in the command's order."""
    key = keys.copy()
    key.update("\0".join(values).encode())
    return int.from_bytes(key.digest(), "big")
