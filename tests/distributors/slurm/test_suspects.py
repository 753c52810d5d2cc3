"""Nodes that are left out for a while."""

from __future__ import annotations

import json
import time

import pytest

from jobmon_airflow.distributors.slurm.suspects import FOR, Suspects


def test_a_node_that_lost_a_job_is_left_out_by_all_who_share_the_folder(tmp_path):
    Suspects(tmp_path).note("n7")

    assert Suspects(tmp_path).now(nodes=10) == ["n7"]


def test_without_a_folder_everybody_remembers_for_himself():
    mine, others = Suspects(None), Suspects(None)
    mine.note("n7")

    assert (mine.now(nodes=10), others.now(nodes=10)) == (["n7"], [])


def test_after_an_hour_it_is_trusted_again(tmp_path):
    lines = [{"node": "old", "at": time.time() - FOR - 1}, {"node": "new", "at": time.time() - FOR + 60}]
    (tmp_path / "suspects.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert Suspects(tmp_path).now(nodes=10) == ["new"]


def test_never_more_than_half_of_the_nodes_are_left_out_and_the_latest_go_first(tmp_path, monkeypatch):
    suspects = Suspects(tmp_path)
    for number in range(5):
        begin = time.time()
        monkeypatch.setattr(time, "time", lambda at=begin + number: at)
        suspects.note(f"n{number}")

    assert suspects.now(nodes=4) == ["n3", "n4"]
    assert suspects.now(nodes=1) == []


@pytest.mark.parametrize("line", ["", "{", '{"node": "n1"}', '{"node": "n1", "at": "then"}', "[1]", "null"])
def test_a_line_that_was_cut_short_is_no_node(tmp_path, line):
    (tmp_path / "suspects.jsonl").write_text(f"{line}\n")
    suspects = Suspects(tmp_path)
    suspects.note("n2")

    assert suspects.now(nodes=10) == ["n2"]


def test_a_job_that_was_lost_nowhere_leaves_nobody_out(tmp_path):
    suspects = Suspects(tmp_path)
    suspects.note("")

    assert suspects.now(nodes=10) == []
    assert list(tmp_path.iterdir()) == []
