"""That no link, pipe or device can stand in for a file."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from jobmon_airflow.view.files import NotShown, opened


@pytest.fixture
def folder(tmp_path):
    """A folder whose path has no links."""
    return tmp_path.resolve()


def read(path):
    with opened(str(path)) as descriptor:
        return os.pread(descriptor, 100, 0)


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_plain_file_is_read(folder):
    (folder / "a").write_bytes(b"said")

    assert read(folder / "a") == b"said"


def test_a_link_is_not_followed(folder):
    (folder / "a").write_bytes(b"secret")
    (folder / "b").symlink_to(folder / "a")

    with pytest.raises(NotShown, match="is a link"):
        read(folder / "b")


def test_a_link_in_the_way_is_not_followed_and_is_named(folder):
    (folder / "real" / "deep").mkdir(parents=True)
    (folder / "real" / "deep" / "a").write_bytes(b"secret")
    (folder / "way").symlink_to(folder / "real")

    with pytest.raises(NotShown, match="way is a link: name the folder by its real path"):
        read(folder / "way" / "deep" / "a")


@pytest.mark.parametrize(
    "path",
    ["a", "", "/", "./a", "../a", "{folder}/../{name}/a", "{folder}/..", "{folder}/\0", "//../etc/passwd"],
)
def test_a_path_that_does_not_go_downwards_from_the_root_is_refused(folder, path):
    (folder / "a").write_bytes(b"secret")

    with pytest.raises(NotShown, match="no path"):
        read(path.format(folder=folder, name=folder.name))


def test_a_pipe_is_refused_and_nobody_waits_for_it(folder):
    os.mkfifo(folder / "a")

    with pytest.raises(NotShown, match="no plain file"):
        read(folder / "a")


def test_devices_folders_and_sockets_are_refused(folder):
    with pytest.raises(NotShown, match="no plain file"):
        read("/dev/zero")
    with pytest.raises(NotShown, match="no plain file"):
        read(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        with pytest.raises(NotShown, match="no plain file"):
            read(folder / "s")


def test_a_file_that_has_another_name_elsewhere_is_refused(folder):
    (folder / "secret").write_bytes(b"secret")
    os.link(folder / "secret", folder / "a")

    with pytest.raises(NotShown, match="several names"):
        read(folder / "a")


def test_what_is_not_there_or_below_a_file_is_said_so(folder):
    (folder / "a").write_bytes(b"said")

    with pytest.raises(FileNotFoundError):
        read(folder / "b")
    with pytest.raises(FileNotFoundError):
        read(folder / "c" / "b")
    with pytest.raises(NotShown, match="no folder"):
        read(folder / "a" / "b")


def test_nothing_stays_open(folder):
    (folder / "a").write_bytes(b"said")
    (folder / "b").symlink_to(folder / "a")
    before = descriptors()
    for _ in range(20):
        read(folder / "a")
        with pytest.raises(NotShown):
            read(folder / "b")

    assert descriptors() == before


def test_who_changes_a_name_between_file_and_link_shows_nothing_else(folder):
    secret = folder / "secret"
    secret.write_bytes(b"secret")
    is_over = threading.Event()

    def change():
        while not is_over.is_set():
            (folder / "file").write_bytes(b"said")
            (folder / "file").rename(folder / "a")
            (folder / "link").symlink_to(secret)
            (folder / "link").rename(folder / "a")

    changing = threading.Thread(target=change)
    changing.start()
    try:
        seen = set()
        for _ in range(3000):
            try:
                seen.add(read(folder / "a"))
            except (NotShown, FileNotFoundError):
                seen.add(None)
    finally:
        is_over.set()
        changing.join()

    assert seen <= {b"said", b"", None}
