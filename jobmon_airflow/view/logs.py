"""What an attempt has said: its files, read part by part while they grow; else the last words that were kept.

Read is only what the attempt's own row names, in the folder that its run recorded for it, in a file that has the
attempt's number.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final

from sqlalchemy import Connection, Row

from jobmon_airflow.distributors.places import STDERR, STDOUT
from jobmon_airflow.engine.kinds import ANSI
from jobmon_airflow.engine.plan import mark_of
from jobmon_airflow.errors import UnknownName
from jobmon_airflow.resources import Resources
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store import outputs
from jobmon_airflow.view import searching
from jobmon_airflow.view.files import NotShown, opened
from jobmon_airflow.view.searching import Match
from jobmon_airflow.view.texts import plain

PART: Final = 64 * 1024  #: bytes that are read if nobody says how many
MOST: Final = 1024 * 1024  #: bytes of one answer
_ESCAPE: Final = 64  # bytes: what moves a cursor or sets a colour is shorter
_SPOOLED: Final = "out"  # the folder in a batch's own for what its commands print


class Stream(StrEnum):
    """What a command prints, or complains of."""

    STDOUT = "stdout"
    STDERR = "stderr"


class Source(StrEnum):
    """Where the text is from."""

    FILE = "file"
    KEPT = "kept"  #: the last words, as they stand in the tables
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """A part of what an attempt has said. Places are counted in bytes of the file."""

    attempt_id: int
    stream: Stream
    source: Source
    path: str | None
    size: int = 0  #: of the whole, by now
    offset: int = 0  #: where the text begins
    end: int = 0  #: behind it: where the next part begins, if there is one by then
    text: str = ""
    matches: Sequence[Match] = field(default_factory=list)  #: if something was looked for, in place of a text
    is_growing: bool = False  #: the attempt is not over, so that more may come
    note: str | None = None  #: what a reader should know


def part(
    connection: Connection,
    attempt_id: int,
    stream: Stream,
    *,
    offset: int | None = None,
    limit: int = PART,
    find: str | None = None,
) -> LogPart:
    """A part of what an attempt said, from a place on; its end if none is named.

    With ``find``, the places where a text stands, in large or small letters, from the offset or from the begin on.
    """
    row = outputs.of_attempt(connection, attempt_id)
    if row is None:
        raise UnknownName(
            f"There is no attempt {attempt_id} in this database.", remedy="Look at its task: /jobmon/"
        )
    path: str | None = getattr(row, stream.value)
    nothing = LogPart(
        attempt_id=attempt_id,
        stream=stream,
        source=Source.NONE,
        path=path,
        is_growing=TaskInstanceStatus.of(row.status).is_active,
    )
    if path is None:
        return _kept(nothing, row, offset, limit, find, _why_no_file(nothing))
    try:
        _require_recorded(path, stream, row)
        with opened(path) as descriptor:
            return _of_file(replace(nothing, source=Source.FILE), descriptor, offset, limit, find)
    except NotShown as refusal:
        why = str(refusal)
    except OSError as error:
        why = f"{path} cannot be read here: {os.strerror(error.errno or 0)}."
    return _kept(nothing, row, offset, limit, find, why)


def _why_no_file(nothing: LogPart) -> str:
    if nothing.is_growing:
        return "Where it is written is known when the command runs, or when it is over."
    return f"Its {nothing.stream} was kept in no file: name a folder for it, as {nothing.stream} in compute_resources."


# --- where files may be ---------------------------------------------------------------------------------------


def _require_recorded(path: str, stream: Stream, row: Row[Any]) -> None:
    """Refuse a file that is not the attempt's own, or not where its run had it written."""
    file = PurePosixPath(path)
    is_its_own = file.name.endswith(f".{'o' if stream is Stream.STDOUT else 'e'}{row.id}")
    if not is_its_own or not (_is_asked_for(file.parent, stream, row) or _is_spooled(file.parent, row)):
        raise NotShown(f"{path} lies in no folder that the run has recorded for its output.")


def _is_asked_for(folder: PurePosixPath, stream: Stream, row: Row[Any]) -> bool:
    """Whether it is the folder that was asked for; a relative one began wherever the run's controller was."""
    extra = Resources.from_json(row.requested_resources or "{}").extra
    keys = STDOUT if stream is Stream.STDOUT else STDERR
    asked = next((text for key in keys if isinstance(text := extra.get(key), str) and text), None)
    if asked is None:
        return False
    wanted = PurePosixPath(asked)
    return folder == wanted if wanted.is_absolute() else folder.parts[-len(wanted.parts) :] == wanted.parts


def _is_spooled(folder: PurePosixPath, row: Row[Any]) -> bool:
    """Whether it is the folder of the attempt's batch, in whatever folder a cluster shares with us."""
    token = f"jobmon-{mark_of(row)}-{row.array_id}-{row.array_batch_num}"
    return folder.parts[-2:] == (token, _SPOOLED)


# --- what stands in them --------------------------------------------------------------------------------------


def _of_file(empty: LogPart, descriptor: int, offset: int | None, limit: int, find: str | None) -> LogPart:
    size = os.fstat(descriptor).st_size
    empty = replace(empty, size=size)
    if find:
        begin = min(offset or 0, size)
        matches, end = searching.search(lambda at, most: os.pread(descriptor, most, at), size, begin, find)
        return replace(empty, offset=begin, end=end, matches=matches)
    begin = max(0, size - limit) if offset is None else offset
    if begin > size:  # somebody has begun the file anew
        begin, empty = 0, replace(empty, note="The file is shorter than it was: it was begun anew.")
    data = os.pread(descriptor, limit, begin)
    is_last = not empty.is_growing and begin + len(data) >= size
    if offset is None and begin:
        skipped = _line_begin(data)
        begin, data = begin + skipped, data[skipped:]
    text, used = _decoded(data, is_whole=is_last)
    return replace(empty, offset=begin, end=begin + used, text=text)


def _decoded(data: bytes, *, is_whole: bool) -> tuple[str, int]:
    """The text, and of how many bytes it is: a letter, or a colour, that is not all there yet comes with the rest."""
    if not is_whole:
        data = data[: _complete(data)]
    text, used = codecs.utf_8_decode(data, "replace", is_whole)
    return plain(text), used


def _complete(data: bytes) -> int:
    """Where the data end without what may be the begin of an escape sequence."""
    begin = data.rfind(b"\x1b", max(1, len(data) - _ESCAPE))
    if begin < 0 or ANSI.match(data[begin:].decode("latin-1")):
        return len(data)
    return begin


def _line_begin(data: bytes) -> int:
    """Where the first whole line begins; where a letter does, if there is no end of a line."""
    line_end = data.find(b"\n")
    if 0 <= line_end < len(data) - 1:
        return line_end + 1
    return next((place for place, byte in enumerate(data[:4]) if byte & 0xC0 != 0x80), 0)


def _kept(
    nothing: LogPart, row: Row[Any], offset: int | None, limit: int, find: str | None, why: str
) -> LogPart:
    """What the tables have kept: its last words."""
    words: str | None = getattr(row, f"{nothing.stream.value}_log")
    if not words:
        return replace(nothing, note=why)
    data = words.encode("utf-8", "replace")
    kept = replace(nothing, source=Source.KEPT, size=len(data), note=f"{why} These are its last words.")
    if find:
        begin = min(offset or 0, len(data))
        matches, end = searching.search(lambda at, most: data[at : at + most], len(data), begin, find)
        return replace(kept, offset=begin, end=end, matches=matches)
    begin = max(0, len(data) - limit) if offset is None else min(offset, len(data))
    text, used = _decoded(data[begin : begin + limit], is_whole=begin + limit >= len(data))
    return replace(kept, offset=begin, end=begin + used, text=text)
