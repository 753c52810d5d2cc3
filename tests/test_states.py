"""The state machines, walked pair by pair, and a few lives told in full."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from itertools import pairwise, product
from pathlib import Path

import pytest

from jobmon_airflow.states import (
    MACHINES,
    OLDER_LETTERS,
    TASK,
    TASK_INSTANCE,
    WORKFLOW,
    WORKFLOW_RUN,
    TaskBucket,
    TaskInstanceStatus,
    TaskStatus,
    Verdict,
    WorkflowRunStatus,
    WorkflowStatus,
)

ROOT = Path(__file__).parents[1]

JOBMON = {
    TaskStatus: {
        "G": "REGISTERING",
        "Q": "QUEUED",
        "I": "INSTANTIATING",
        "O": "LAUNCHED",
        "R": "RUNNING",
        "D": "DONE",
        "E": "ERROR_RECOVERABLE",
        "A": "ADJUSTING_RESOURCES",
        "F": "ERROR_FATAL",
    },
    TaskInstanceStatus: {
        "Q": "QUEUED",
        "I": "INSTANTIATED",
        "O": "LAUNCHED",
        "R": "RUNNING",
        "T": "TRIAGING",
        "D": "DONE",
        "E": "ERROR",
        "F": "ERROR_FATAL",
        "K": "KILL_SELF",
        "U": "UNKNOWN_ERROR",
        "W": "NO_DISTRIBUTOR_ID",
        "X": "NO_HEARTBEAT",
        "Z": "RESOURCE_ERROR",
    },
    WorkflowRunStatus: {
        "G": "REGISTERED",
        "L": "LINKING",
        "B": "BOUND",
        "I": "INSTANTIATED",
        "O": "LAUNCHED",
        "R": "RUNNING",
        "D": "DONE",
        "E": "ERROR",
        "S": "STOPPED",
        "A": "ABORTED",
        "C": "COLD_RESUME",
        "H": "HOT_RESUME",
        "T": "TERMINATED",
    },
    WorkflowStatus: {
        "G": "REGISTERING",
        "Q": "QUEUED",
        "I": "INSTANTIATING",
        "O": "LAUNCHED",
        "R": "RUNNING",
        "D": "DONE",
        "F": "FAILED",
        "A": "ABORTED",
        "H": "HALTED",
    },
}

FINAL = {TaskStatus: "DF", TaskInstanceStatus: "DEFUWZ", WorkflowRunStatus: "DESAT", WorkflowStatus: "DFA"}

# What Jobmon allows and what it drops, as it documents it.
JOBMON_MOVES = {
    TASK: "GQ AQ QI IO IR OR IE OE RE RD EG EA EF EQ RG RA RF OF",
    TASK_INSTANCE: "QI QK IO IW IK IR OR OU OX OZ OK OF RT RE RU RZ RK RD TR TZ TU TF KF KD XE QF IF",
    WORKFLOW_RUN: "GL LB LA BI IO OR BE IE OE RE BC BH RD RS RC RH CT HT",
    WORKFLOW: "GQ GA HG QI QF IO IF OF OR RH QH RD RF",
}
JOBMON_DROPS = {
    TASK_INSTANCE: "RO EO EU EE UD UE UZ ZU DU KE KZ KU",
    WORKFLOW_RUN: "RR LL",
}

each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def pairs(machine):
    return product(machine.statuses, repeat=2)


def verdicts(machine, story):
    """Judge each step of a story that is told by letters: 'QIR' reports I to Q, then R to I."""
    return [machine.judge(machine.statuses(a), machine.statuses(b)) for a, b in pairwise(story)]


def is_a_life(machine, story):
    return set(verdicts(machine, story)) == {Verdict.APPLY}


def reached_from(status, *tables):
    seen, todo = set(), [status]
    while todo:
        current = todo.pop()
        seen.add(current)
        todo += {target for table in tables for target in table[current]} - seen
    return seen


# The words


@pytest.mark.parametrize("statuses", JOBMON, ids=lambda statuses: statuses.__name__)
def test_letters_and_names_are_those_of_jobmon(statuses):
    assert {str(status): status.label for status in statuses} == JOBMON[statuses]


@each_machine
def test_every_status_says_what_it_means(machine):
    assert all(status.description.endswith(".") for status in machine.statuses)


def test_a_status_is_its_letter():
    assert TaskStatus.DONE == "D"
    assert str(WorkflowRunStatus.DONE) == f"{WorkflowRunStatus.DONE}" == "D"
    assert TaskStatus("D") is TaskStatus.DONE
    assert "D" in TASK.sources_of(TaskStatus.REGISTERING, ordered=True)
    assert pickle.loads(pickle.dumps(TaskStatus.DONE)) is TaskStatus.DONE


@each_machine
def test_final_are_those_that_nothing_follows(machine):
    final = {status for status in machine.statuses if status.is_final}

    assert final == set(FINAL[machine.statuses])
    assert final == {status for status in machine.statuses if not machine.transitions[status]}


def test_people_find_a_task_in_one_of_five_buckets():
    buckets = {bucket: {task for task in TaskStatus if task.bucket is bucket} for bucket in TaskBucket}

    assert buckets == {
        "PENDING": set("AGQIE"),
        "SCHEDULED": {"O"},
        "RUNNING": {"R"},
        "DONE": {"D"},
        "FATAL": {"F"},
    }


def test_an_attempt_is_active_until_it_ends_and_then_done_or_an_error():
    assert {status for status in TaskInstanceStatus if status.is_active} == set("QIORTKX")
    assert {status for status in TaskInstanceStatus if status.is_error} == set("EFUWZ")


def test_a_run_is_alive_from_the_moment_it_holds_the_workflow_until_it_ends():
    assert {status for status in WorkflowRunStatus if status.is_alive} == set("LBIORCH")
    assert {status for status in WorkflowRunStatus if status.is_active} == set("BIOR")


def test_older_letters_never_hide_a_newer_one():
    for statuses, older in OLDER_LETTERS.items():
        assert not set(older) & set(statuses)
        assert all(isinstance(status, statuses) for status in older.values())


# The tables


@each_machine
def test_a_report_is_applied_dropped_or_refused_as_the_tables_say(machine):
    expected = {
        (current, reported): Verdict.APPLY
        if reported in machine.transitions[current]
        else Verdict.DROP
        if reported == current or reported in machine.untimely[current]
        else Verdict.REFUSE
        for current, reported in pairs(machine)
    }

    assert {(a, b): machine.judge(a, b) for a, b in pairs(machine)} == expected
    assert set(expected.values()) == set(Verdict)


@each_machine
def test_the_tables_cover_every_status(machine):
    assert (
        set(machine.transitions) == set(machine.untimely) == set(machine.overrides) == set(machine.statuses)
    )


@each_machine
def test_no_status_follows_itself(machine):
    assert not [s for s in machine.statuses if s in machine.transitions[s] | machine.overrides[s]]


@each_machine
def test_what_is_untimely_is_neither_a_move_nor_an_order(machine):
    for status in machine.statuses:
        assert not machine.untimely[status] & (machine.transitions[status] | machine.overrides[status])


@each_machine
def test_nothing_stays_where_no_move_leads_out(machine):
    for status in machine.statuses:
        assert any(reached.is_final for reached in reached_from(status, machine.transitions))


@each_machine
def test_every_status_can_be_reached(machine):
    assert reached_from(machine.first, machine.transitions) == set(machine.statuses)


@each_machine
def test_sources_are_the_transitions_read_backwards(machine):
    for current, target in pairs(machine):
        moves, orders = target in machine.transitions[current], target in machine.overrides[current]

        assert (current in machine.sources_of(target)) == moves
        assert (current in machine.sources_of(target, ordered=True)) == (moves or orders)


@each_machine
def test_orders_are_the_overrides(machine):
    ordered = {(a, order.target) for order in machine.orders.values() for a in order.sources}

    assert ordered == {(a, b) for a, b in pairs(machine) if b in machine.overrides[a]}


@each_machine
def test_nobody_changes_a_table_while_it_holds(machine):
    with pytest.raises(TypeError):
        machine.transitions[machine.first] = frozenset()
    with pytest.raises(AttributeError):
        machine.transitions = {}


@pytest.mark.parametrize("machine", JOBMON_MOVES, ids=lambda machine: machine.name)
def test_whatever_jobmon_allows_is_allowed(machine):
    assert [move for move in JOBMON_MOVES[machine].split() if not is_a_life(machine, move)] == []


@pytest.mark.parametrize("machine", JOBMON_DROPS, ids=lambda machine: machine.name)
def test_whatever_jobmon_drops_as_untimely_is_dropped(machine):
    assert {verdict for move in JOBMON_DROPS[machine].split() for verdict in verdicts(machine, move)} == {
        Verdict.DROP
    }


# Tasks and attempts


def test_a_task_that_needs_more_memory_is_adjusted_and_tried_again():
    assert is_a_life(TASK, "GQIORAQIORD")
    assert is_a_life(TASK_INSTANCE, "QIORZ")


def test_a_task_fails_for_good_when_its_attempts_are_used_up():
    assert is_a_life(TASK, "GQIORGQIORGQIORF")
    assert is_a_life(TASK, "GQIOREGQIOREF")


def test_a_quick_command_is_over_before_its_launch_is_stored():
    for end in "DEZUF":
        assert is_a_life(TASK_INSTANCE, f"QI{end}")
    for end in "DEGAF":
        assert is_a_life(TASK, f"GQ{end}")
        assert is_a_life(TASK, f"GI{end}")


def test_a_launch_that_is_told_after_the_end_is_dropped():
    for story in "RO", "DO", "EO", "ZO", "TO":
        assert verdicts(TASK_INSTANCE, story) == [Verdict.DROP]
    for story in "RO", "DO", "GO", "AO":
        assert verdicts(TASK, story) == [Verdict.DROP]


def test_a_lost_attempt_may_come_back():
    assert is_a_life(TASK_INSTANCE, "QIORTRD")
    assert is_a_life(TASK_INSTANCE, "QIOXRD")
    assert is_a_life(TASK_INSTANCE, "QIOXORD")


@pytest.mark.parametrize("doubt", "TX")
def test_a_silent_attempt_may_turn_out_to_have_ended_in_any_way(doubt):
    for end in "DEFUZ":
        assert is_a_life(TASK_INSTANCE, f"{doubt}{end}")


def test_an_attempt_given_up_as_lost_stays_lost_when_its_worker_wakes_up():
    assert verdicts(TASK_INSTANCE, "UR") == verdicts(TASK_INSTANCE, "UD") == [Verdict.DROP]


@pytest.mark.parametrize("ended", FINAL[TaskInstanceStatus])
def test_an_attempt_has_one_verdict(ended):
    for late in "DEFUZORTXK":
        assert verdicts(TASK_INSTANCE, ended + late) == [Verdict.DROP]


@pytest.mark.parametrize("status", TaskInstanceStatus)
def test_no_attempt_is_queued_twice(status):
    assert status == "Q" or verdicts(TASK_INSTANCE, f"{status}Q") == [Verdict.REFUSE]


def test_a_report_about_an_attempt_that_nobody_launched_is_refused():
    for report in "ORTDEUWXZ":
        assert verdicts(TASK_INSTANCE, f"Q{report}") == [Verdict.REFUSE]


def test_every_attempt_that_may_run_can_be_killed():
    for status in TaskInstanceStatus:
        if status.is_active and status != "K":
            assert is_a_life(TASK_INSTANCE, f"{status}KF")


def test_work_that_ended_before_its_kill_arrived_is_done():
    assert is_a_life(TASK_INSTANCE, "QIORKD")


def test_a_killed_command_is_not_blamed_for_failing():
    assert verdicts(TASK_INSTANCE, "KE") == verdicts(TASK_INSTANCE, "KZ") == [Verdict.DROP]
    assert is_a_life(TASK_INSTANCE, "KF")


def test_a_claim_that_comes_after_the_kill_is_dropped():
    assert verdicts(TASK_INSTANCE, "KI") == verdicts(TASK_INSTANCE, "FI") == [Verdict.DROP]


def test_only_an_order_touches_a_task_that_is_done():
    for reported in TaskStatus:
        assert TASK.judge(TaskStatus.DONE, reported) is not Verdict.APPLY
    assert TASK.overrides[TaskStatus.DONE] == {"G"}


def test_a_resume_begins_again_what_is_not_done():
    assert TASK.orders["cold resume"].sources == set("QIOREAF")
    assert TASK.orders["hot resume"].sources == set("QIEAF")


def test_a_task_may_be_set_back_or_marked_done_from_everywhere():
    everything = set(TaskStatus)

    assert TASK.orders["set back"].sources == everything - {"G"}
    assert TASK.orders["mark done"].sources == everything - {"D"}


# Runs and workflows


def test_a_run_and_its_workflow_go_through_their_days():
    assert is_a_life(WORKFLOW_RUN, "GLBIORD")
    assert is_a_life(WORKFLOW_RUN, "GLBRD")
    assert is_a_life(WORKFLOW, "GQIORD")


@pytest.mark.parametrize("alive", [status for status in WorkflowRunStatus if status.is_alive])
def test_a_living_run_may_die_or_be_stopped_or_make_way_at_any_moment(alive):
    assert is_a_life(WORKFLOW_RUN, f"{alive}E")
    assert is_a_life(WORKFLOW_RUN, f"{alive}S")
    assert alive in "CH" or (is_a_life(WORKFLOW_RUN, f"{alive}CT") and is_a_life(WORKFLOW_RUN, f"{alive}HT"))


def test_a_cold_resume_stops_what_runs_and_begins_again():
    # The old run is told to go, its attempts are stopped, its tasks begin again, and the next run takes over.
    assert is_a_life(WORKFLOW_RUN, "GLBRCT")
    assert is_a_life(TASK_INSTANCE, "QIORKF")
    assert is_a_life(TASK_INSTANCE, "QF")
    assert "R" in TASK.orders["cold resume"].sources
    assert is_a_life(WORKFLOW, "GQRHGQRD")


def test_a_hot_resume_may_still_become_a_cold_one_but_not_the_other_way_round():
    assert is_a_life(WORKFLOW_RUN, "RHCT")
    assert verdicts(WORKFLOW_RUN, "CH") == [Verdict.DROP]


@pytest.mark.parametrize("ended", FINAL[WorkflowRunStatus])
def test_a_controller_taken_for_dead_learns_that_it_lost_its_workflow(ended):
    for beginning in "GLBIOR":
        assert verdicts(WORKFLOW_RUN, ended + beginning) == [Verdict.REFUSE]
    for parting in "DESATCH":
        assert verdicts(WORKFLOW_RUN, ended + parting) == [Verdict.DROP]


@pytest.mark.parametrize("status", WorkflowStatus)
def test_a_workflow_follows_its_run_wherever_that_goes(status):
    """Each next move of the run is one that the workflow may make, from where the run had brought it."""
    for current, target in pairs(WORKFLOW_RUN):
        if current.workflow_status is status and target in WORKFLOW_RUN.transitions[current]:
            follows = target.workflow_status or status
            assert follows == status or follows in WORKFLOW.transitions[status]


@pytest.mark.parametrize("way", "CH")
def test_a_workflow_halts_wherever_its_run_made_way(way):
    run = WorkflowRunStatus(way)
    assert run.workflow_status is None

    for left in WORKFLOW_RUN.sources_of(run) - set("CH"):
        for end in WORKFLOW_RUN.transitions[run] - set("CH"):
            assert end.workflow_status in WORKFLOW.transitions[left.workflow_status]


def test_a_workflow_that_did_not_finish_can_be_resumed():
    unfinished = {status for status in WorkflowStatus if status.is_final} - {"D"}

    assert unfinished <= WORKFLOW.orders["resume"].sources
    assert "D" not in WORKFLOW.orders["resume"].sources


def test_a_workflow_is_not_done_any_more_when_a_task_is_set_back_and_done_when_the_last_one_is():
    assert WORKFLOW.overrides[WorkflowStatus.DONE] == {"F"}
    assert "D" in WORKFLOW.overrides[WorkflowStatus.FAILED]


# The page


def drawer():
    spec = importlib.util.spec_from_file_location("draw_states", ROOT / "scripts" / "draw_states.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_these_tables():
    page = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")

    assert page == drawer().render(), "Run: python scripts/draw_states.py"


def test_every_move_is_in_its_picture():
    script = drawer()
    for machine in MACHINES:
        box, exits = script.shared_exits(machine)
        lines = script.picture(machine).split("\n")
        arrows = {tuple(line.strip().split(" --> ")) for line in lines if "-->" in line}
        drawn = {(a, b) for a, b in arrows if "[*]" not in {a, b} and a != "box"}

        assert drawn | {(a, b) for a in box for b in exits} == set(script.moves(machine))
        assert {b for a, b in arrows if a == "box"} == exits


def test_a_page_out_of_date_is_named_with_the_command_that_mends_it(tmp_path, monkeypatch, capsys):
    script = drawer()
    monkeypatch.setattr(script, "PAGE", tmp_path / "states.md")
    monkeypatch.setattr(sys, "argv", ["draw_states.py", "--check"])

    assert script.main() == 1

    assert "Run: python scripts/draw_states.py" in capsys.readouterr().err
    assert not script.PAGE.exists()


def test_the_drawn_page_passes_its_check(tmp_path, monkeypatch):
    script = drawer()
    monkeypatch.setattr(script, "PAGE", tmp_path / "states.md")
    monkeypatch.setattr(sys, "argv", ["draw_states.py"])

    assert script.main() == 0

    assert script.check() == 0


def test_the_script_runs_from_a_checkout():
    script = ROOT / "scripts" / "draw_states.py"

    assert subprocess.run([sys.executable, script, "--check"], check=False).returncode == 0
