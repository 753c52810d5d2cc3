"""What an attempt has said: read from where its run had it written, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import update

from jobmon_airflow.errors import UnknownName
from jobmon_airflow.states import TaskInstanceStatus
from jobmon_airflow.store.schema import task_instance
from jobmon_airflow.view import attempts, logs
from jobmon_airflow.view.logs import Source, Stream
from jobmon_airflow.view.texts import plain
from tests.attempts import attempt

pytestmark = pytest.mark.kinds("sqlite")

SECRET = b"root:x:0:0:secret"


@pytest.fixture
def folder(tmp_path):
    """Where commands write; its path has no links."""
    (tmp_path / "logs").mkdir()
    return (tmp_path / "logs").resolve()


@pytest.fixture
def ran(database, tool):
    """Runs a command, and returns its attempt."""

    def ran(command, **resources):
        workflow = tool.create_workflow()
        template = tool.get_task_template("say", "{command}", node_args=["command"], max_attempts=1)
        task = template.create_task(command=command, name="talk", compute_resources=resources)
        workflow.add_task(task)
        workflow.run()
        return last_of(database, task.task_id)

    return ran


@pytest.fixture
def said(database, ran, folder):
    """An attempt that has said something, and the file in which it stands."""
    return ran("printf 'one\\ntwo\\nthree\\n'; printf 'oh no' >&2", stdout=str(folder), stderr=str(folder))


def last_of(database, task_id):
    with database.read() as connection:
        return attempts.of_task(connection, task_id).items[-1]


def part(database, attempt, stream=Stream.STDOUT, **where):
    with database.read() as connection:
        return logs.part(connection, getattr(attempt, "id", attempt), stream, **where)


def written(database, attempt, data, name=None, **values):
    """Let a file have these contents, and let the attempt's row name it."""
    path = name or attempt.stdout
    if data is not None:
        Path(path).write_bytes(data)
    values = {"stdout": str(path), **values}
    query = update(task_instance).where(task_instance.c.id == attempt.id).values(values)
    database.write(lambda it: it.execute(query))


def running(database, attempt):
    written(database, attempt, None, status=TaskInstanceStatus.RUNNING)


# --- parts ------------------------------------------------------------------------------------------------------


def test_what_a_command_printed_is_shown(database, said):
    out, err = part(database, said), part(database, said, Stream.STDERR)

    assert (out.text, out.offset, out.end, out.size) == ("one\ntwo\nthree\n", 0, 14, 14)
    assert (out.source, out.is_growing, out.note) == (Source.FILE, False, None)
    assert out.path.endswith(f"talk.o{said.id}")
    assert err.text == "oh no"
    assert err.path.endswith(f"talk.e{said.id}")


def test_a_part_begins_where_one_asks_and_the_next_one_behind_it(database, said):
    first = part(database, said, offset=0, limit=5)
    second = part(database, said, offset=first.end, limit=5)

    assert (first.text, second.text, second.offset) == ("one\nt", "wo\nth", 5)
    assert part(database, said, offset=14).text == ""


def test_of_a_long_file_the_end_is_shown_from_a_line_on(database, said):
    written(database, said, b"".join(b"line %d\n" % number for number in range(1000)))

    shown = part(database, said, limit=100)

    assert shown.text.startswith("line 98")
    assert shown.text.endswith("line 999\n")
    assert len(shown.text) == shown.end - shown.offset
    assert shown.end == shown.size


def test_a_file_is_followed_while_it_grows(database, said):
    running(database, said)
    seen, at = "", part(database, said).end
    for word in (b"four\n", b"", b"five", b"\nsix\n"):
        with Path(said.stdout).open("ab") as file:
            file.write(word)
        shown = part(database, said, offset=at)
        assert shown.is_growing
        seen, at = seen + shown.text, shown.end

    assert seen == "four\nfive\nsix\n"


@pytest.mark.parametrize("whole", ["é", "€", "\N{GRINNING FACE}", "\x1b[31m", "\x1b[38;5;208m"])
def test_a_letter_or_a_colour_that_is_written_in_two_parts_is_not_torn(database, said, whole):
    running(database, said)
    data = f"a{whole}b".encode()
    for cut in range(1, len(data)):
        written(database, said, data[:cut], status=TaskInstanceStatus.RUNNING)
        first = part(database, said, offset=0)
        written(database, said, data, status=TaskInstanceStatus.RUNNING)
        second = part(database, said, offset=first.end)

        assert first.text + second.text == plain(f"a{whole}b")


def test_a_letter_that_never_comes_whole_is_shown_when_all_is_over(database, said):
    written(database, said, b"a\xc3")
    assert part(database, said).text == "a\N{REPLACEMENT CHARACTER}"


def test_a_file_that_was_begun_anew_is_read_anew(database, said):
    written(database, said, b"new")

    shown = part(database, said, offset=14)

    assert (shown.text, shown.offset) == ("new", 0)
    assert "begun anew" in shown.note


def test_a_text_is_found_with_its_places(database, said):
    shown = part(database, said, find="T")

    assert [(match.offset, match.line) for match in shown.matches] == [(4, "two"), (8, "three")]
    assert (shown.text, shown.end) == ("", shown.size)
    assert [match.offset for match in part(database, said, find="t", offset=5).matches] == [8]


# --- what is hostile --------------------------------------------------------------------------------------------


def test_bytes_that_are_no_text_are_shown_harmlessly(database, said):
    written(database, said, bytes(range(256)) * 10)

    text = part(database, said).text

    assert text.isprintable() or all(
        letter.isprintable() or letter in "\n\t\N{REPLACEMENT CHARACTER}" for letter in text
    )
    text.encode()


def test_a_line_of_100_mb_is_cut(database, said):
    with Path(said.stdout).open("wb") as file:
        file.truncate(100_000_000)
        file.seek(99_000_000)
        file.write(b"needle")

    shown = part(database, said)
    found = part(database, said, find="needle", offset=60_000_000)

    assert shown.size == 100_000_000
    assert len(shown.text) <= logs.PART
    assert [match.offset for match in found.matches] == [99_000_000]
    assert len(found.matches[0].line) < 1000
    assert len(part(database, said, offset=0, limit=logs.MOST).text) <= logs.MOST
    assert part(database, said, find="needle", offset=0).end < shown.size, (
        "the rest is looked at when asked for"
    )


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "hard link", "link in the way"])
def test_what_stands_in_for_the_file_is_not_shown(database, said, folder, tmp_path, kind):
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    Path(said.stdout).unlink()
    match kind:
        case "link":
            Path(said.stdout).symlink_to(secret)
        case "pipe":
            os.mkfifo(said.stdout)
        case "folder":
            Path(said.stdout).mkdir()
        case "hard link":
            Path(said.stdout).hardlink_to(secret)
        case _:
            real = tmp_path.resolve() / "real"
            folder.rename(real)
            (real / Path(said.stdout).name).write_bytes(SECRET)
            folder.symlink_to(real)

    shown = part(database, said)

    assert shown.source is Source.KEPT, "its last words stand in the tables"
    assert shown.text == "one\ntwo\nthree\n"
    assert said.stdout in shown.note or str(folder) in shown.note


@pytest.mark.parametrize(
    "name",
    [
        "{folder}/../secret.o{id}",
        "{parent}/secret.o{id}",
        "{folder}/below/secret.o{id}",
        "{folder}/secret.o{id}0",
        "{folder}/secret.e{id}",
        "{folder}/talk.o1{id}",
        "secret.o{id}",
        "/etc/passwd",
        "/dev/zero",
        "/proc/self/environ",
    ],
)
def test_what_the_run_did_not_record_is_not_shown_whatever_the_row_says(database, said, folder, name):
    path = name.format(folder=folder, parent=folder.parent, id=said.id)
    (folder / "below").mkdir()
    if path.startswith(str(folder.parent)):
        Path(path).write_bytes(SECRET)
    written(database, said, None, name=path)

    shown = part(database, said)

    assert shown.source is Source.KEPT
    assert "secret" not in shown.text
    assert part(database, said, find="root").matches == []


def test_the_file_of_another_attempt_in_the_same_folder_is_not_shown(database, ran, folder):
    first = ran("echo mine", stdout=str(folder))
    second = ran("echo theirs", stdout=str(folder))
    written(database, first, None, name=second.stdout)

    assert part(database, first).text == "mine\n"
    assert part(database, first).source is Source.KEPT


# --- where files are --------------------------------------------------------------------------------------------


def test_without_a_folder_the_last_words_are_shown(database, ran):
    found = ran("echo said; echo worse >&2; exit 3")

    out, err = part(database, found), part(database, found, Stream.STDERR)

    assert (out.source, out.text, out.path) == (Source.KEPT, "said\n", None)
    assert err.text == "worse\n"
    assert "name a folder for it, as stdout in compute_resources" in out.note
    assert [match.line for match in part(database, found, Stream.STDERR, find="wor").matches] == ["worse"]


def test_a_command_that_said_nothing_leaves_nothing(database, ran):
    shown = part(database, ran("true"))

    assert (shown.source, shown.text, shown.size) == (Source.NONE, "", 0)


def test_a_file_that_is_not_there_any_more_is_said_so(database, said):
    Path(said.stdout).unlink()

    shown = part(database, said)

    assert shown.text == "one\ntwo\nthree\n"
    assert "No such file or directory" in shown.note


def test_a_folder_that_was_named_from_where_the_script_was_is_known(database, ran, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.resolve())
    (tmp_path / "here").mkdir()

    shown = part(database, ran("echo said", stdout="here"))

    assert (shown.source, shown.text) == (Source.FILE, "said\n")


def test_a_batch_s_own_folder_on_a_cluster_is_known_by_its_token(database, said, folder):
    from jobmon_airflow.engine.plan import mark_of
    from jobmon_airflow.store import outputs

    with database.read() as connection:
        row = outputs.of_attempt(connection, said.id)
    token = f"jobmon-{mark_of(row)}-{row.array_id}-{row.array_batch_num}"
    for name, is_shown in [(token, True), (f"{token}0", False), ("jobmon-0-1-1", False)]:
        place = folder / name / "out"
        place.mkdir(parents=True)
        written(database, said, b"spooled", name=place / f"talk.o{said.id}")

        assert (part(database, said).text == "spooled") is is_shown


def test_an_attempt_that_has_not_begun_has_nothing_to_show_yet(database, tool):
    workflow = tool.create_workflow()
    workflow.add_task(tool.get_task_template("say", "true").create_task())
    workflow.bind()
    number = attempt(database, workflow.tasks[0].task_id)

    shown = part(database, number)

    assert shown.is_growing
    assert shown.source is Source.NONE


def test_an_attempt_that_is_not_there_is_said_so(database):
    with pytest.raises(UnknownName, match="no attempt 999999"):
        part(database, 999_999)
