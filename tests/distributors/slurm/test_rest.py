"""What slurmrestd says, in the shapes of its versions, and what is said to it."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobmon_airflow.distributors.slurm import rest_limits, rest_rows, rest_words
from jobmon_airflow.distributors.slurm.refusals import SubmissionInDoubt
from jobmon_airflow.distributors.slurm.rest import RestController
from jobmon_airflow.distributors.slurm.rest_job import body
from jobmon_airflow.distributors.slurm.seam import Elements, State, Submission
from jobmon_airflow.errors import (
    AccountingIsDown,
    ClusterError,
    ClusterIsFull,
    ClusterUnreachable,
    InvalidSetting,
    SubmissionRefused,
)

AT = datetime(2026, 11, 27, 18, 12, 29, tzinfo=UTC)
SECONDS = int(AT.timestamp())


def some(number):
    return {"set": True, "infinite": False, "number": number}


NONE = {"set": False, "infinite": False, "number": 0}
INFINITE = {"set": True, "infinite": True, "number": 0}

# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (3, 3),
        (None, None),
        (-1, None),
        (0xFFFFFFFE, None),
        (some(3), 3),
        (NONE, None),
        (INFINITE, None),
        (True, None),
    ],
)
def test_numbers_of_all_versions_are_understood(said, number):
    assert rest_words.number(said) == number


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("RUNNING", State.RUNNING),
        (["COMPLETED"], State.COMPLETED),
        (["FAILED", "COMPLETING"], State.RUNNING),
        (["PENDING", "REQUEUED"], State.PENDING),
        (["TELEPORTED"], State.UNKNOWN),
        ([], State.UNKNOWN),
        (None, State.UNKNOWN),
    ],
)
def test_states_of_all_versions_are_understood(said, state):
    assert rest_rows.queue([{"submit_time": SECONDS, "job_id": 1, "job_state": said}], None)[0].state is state


@pytest.mark.parametrize(
    ("said", "both"),
    [
        (51200, (200, 0)),
        (9, (0, 9)),
        ({"status": "SUCCESS", "return_code": 0}, (0, 0)),
        ({"status": "SIGNALED", "return_code": 0, "signal": {"signal_id": 125, "name": ""}}, (0, 125)),
        ({"status": ["ERROR"], "return_code": some(7), "signal": {"id": NONE, "name": ""}}, (7, 0)),
        ({"status": ["SIGNALED"], "return_code": some(0), "signal": {"id": some(9), "name": "KILL"}}, (0, 9)),
        (some(768), (3, 0)),
        (None, (0, 0)),
    ],
)
def test_exit_codes_of_all_versions_are_understood(said, both):
    assert rest_words.exit_and_signal(said) == both


# --- rows -----------------------------------------------------------------------------------------------------------


def job(**said):
    return {
        "job_id": 42,
        "array_job_id": 26,
        "array_task_id": None,
        "array_task_string": "",
        "job_state": "PENDING",
        "state_reason": "None",
        "batch_host": "",
        "nodes": "",
        "name": "jobmon-1.0-9.1",
        "submit_time": SECONDS,
        "restart_cnt": 0,
        "exit_code": 0,
        "user_name": "ada",
        **said,
    }


def test_rows_of_both_kinds_say_the_same():
    old = job(
        array_task_id=3, job_state="FAILED", exit_code=51200, batch_host="n1", state_reason="NonZeroExitCode"
    )
    new = {
        **old,
        "array_job_id": some(26),
        "array_task_id": some(3),
        "job_state": ["FAILED"],
        "submit_time": some(SECONDS),
        "exit_code": {"status": ["ERROR"], "return_code": some(200), "signal": {"id": NONE, "name": ""}},
    }

    [one], [other] = rest_rows.queue([old], "ada"), rest_rows.queue([new], "ada")

    assert one == other
    assert (one.job_id, list(one.elements), one.raw_id, one.exit_code) == (26, [3], 42, 200)
    assert (one.submitted, one.node, one.reason) == (AT, "n1", "NonZeroExitCode")


def test_several_that_wait_are_one_row():
    [row] = rest_rows.queue([job(array_task_string="4-8%3", state_reason="JobArrayTaskLimit")], "ada")

    assert (row.elements, row.reason) == (Elements((range(4, 9),)), "JobArrayTaskLimit")


def test_a_list_that_was_cut_may_hold_all_that_come_after():
    """It was cut within a word, perhaps."""
    [row] = rest_rows.queue([job(array_task_string="0,2,4,6...", name="jobmon-1.0-9.1")], "ada")

    assert list(row.elements) == [0, 2, 4, 5, 6, 7, 8, 9]


def test_a_job_that_is_no_array_is_one_element():
    for array in (0, None, some(0)):
        [row] = rest_rows.queue([job(array_job_id=array)], None)
        assert (row.job_id, list(row.elements), row.is_whole) == (42, [0], True)


def test_other_users_jobs_are_theirs():
    assert rest_rows.queue([job(user_name="bob")], "ada") == []


def accounted(**said):
    return {
        "job_id": 42,
        "array": {"job_id": 26, "task": None, "task_id": 3},
        "name": "x",
        "nodes": "n[1-2]",
        "state": {"current": "FAILED", "reason": "None"},
        "exit_code": {"status": "SUCCESS", "return_code": 0},
        "derived_exit_code": {"status": "SUCCESS", "return_code": 0},
        "time": {"submission": SECONDS, "elapsed": 5, "total": {"seconds": 1, "microseconds": 500_000}},
        "user": "ada",
        "steps": [],
        **said,
    }


def test_records_of_both_kinds_say_the_same():
    memory = {"requested": {"max": [{"type": "cpu", "count": 9}, {"type": "mem", "count": 4096}]}}
    old = accounted(
        state={"current": "OUT_OF_MEMORY"},
        steps=[{"state": "OUT_OF_MEMORY", "step": {"id": "batch"}, "tres": memory}],
    )
    new = accounted(
        state={"current": ["OUT_OF_MEMORY"]},
        array={"job_id": 26, "task": "", "task_id": some(3)},
        exit_code={"status": ["SUCCESS"], "return_code": some(0), "signal": {"id": NONE, "name": ""}},
        steps=[{"state": ["OUT_OF_MEMORY"], "step": {"id": "42.batch"}, "tres": memory}],
    )

    [one], [other] = (rest_rows.accounting([each], "ada", None) for each in (old, new))

    assert one == other
    assert (one.job_id, one.element, one.state, one.node) == (26, 3, State.OUT_OF_MEMORY, "n1")
    assert (one.ran, one.cpu, one.maxrss) == (5, 1.5, 4096)
    assert one.steps == {"batch": State.OUT_OF_MEMORY}


def test_a_zero_of_what_failed_is_not_believed():
    [failed] = rest_rows.accounting([accounted()], "ada", None)
    [completed] = rest_rows.accounting([accounted(state={"current": "COMPLETED"})], "ada", None)

    assert (failed.exit_code, completed.exit_code) == (None, 0)


def test_only_the_arrays_that_were_asked_for_are_told():
    assert rest_rows.accounting([accounted()], "ada", frozenset({1})) == []
    assert len(rest_rows.accounting([accounted()], None, frozenset({26}))) == 1


# --- limits -----------------------------------------------------------------------------------------------------------


def test_queues_of_both_kinds_say_the_same():
    old = {
        "name": "a",
        "flags": ["default"],
        "maximum_cpus_per_node": 2,
        "maximum_memory_per_node": 256,
        "max_time_limit": 60,
        "total_nodes": 1,
        "total_cpus": 16,
        "nodes": "n1",
    }
    new = {
        "name": "a",
        "default_flags": ["DEFAULT"],
        "maximums": {"cpus_per_node": some(2), "partition_memory_per_node": some(256), "time": some(60)},
        "nodes": {"total": 1},
        "cpus": {"total": 16},
    }

    [one], [other] = (rest_limits.partitions({"partitions": [each]}) for each in (old, new))

    assert one == other
    assert (one.is_default, one.max_seconds, one.max_memory_per_node) == (True, 3600, 256 * 2**20)


def test_a_queue_without_limits_has_none():
    [old] = rest_limits.partitions(
        {"partitions": [{"name": "a", "maximum_cpus_per_node": -1, "max_time_limit": None}]}
    )
    [new] = rest_limits.partitions(
        {"partitions": [{"name": "a", "maximums": {"time": INFINITE, "cpus_per_node": INFINITE}}]}
    )

    assert (
        (old.max_cpus_per_node, old.max_seconds) == (new.max_cpus_per_node, new.max_seconds) == (None, None)
    )


# --- what is posted -------------------------------------------------------------------------------------------------


def submission(**options):
    return Submission(
        name="jobmon-1.0-9.1",
        script="#!/bin/sh\n",
        size=10,
        is_array=True,
        throttle=3,
        options=options,
        environment={"A": "x,y"},
        working_dir="/tmp",
    )


def test_options_have_other_names_and_units():
    asked = {"time": "1-00:00:30", "mem": "2G", "cpus-per-task": "4", "no-requeue": None, "gres": "gpu:1"}

    assert body(submission(**asked), 38)["job"] == {
        "name": "jobmon-1.0-9.1",
        "current_working_directory": "/tmp",
        "environment": {"A": "x,y"},
        "array": "0-9%3",
        "time_limit": 1441,
        "memory_per_node": 2048,
        "cpus_per_task": 4,
        "requeue": False,
        "gres": "gpu:1",
    }


def test_later_versions_take_lists():
    job = body(submission(exclude="n1,n2", gres="gpu:1"), 42)["job"]

    assert job["environment"] == ["A=x,y"]
    assert job["excluded_nodes"] == ["n1", "n2"]
    assert job["tres_per_node"] == "gres/gpu:1"


@pytest.mark.parametrize("asked", [{"exclude": "n1"}, {"teleport": "1"}, {"contiguous": None}])
def test_what_slurmrestd_has_no_word_for_is_refused(asked):
    with pytest.raises(SubmissionRefused, match="no word for sbatch's --"):
        body(submission(**asked), 38)


# --- over HTTP ------------------------------------------------------------------------------------------------------


@contextmanager
def slurmrestd(answers):
    """A server that answers paths with a status and JSON; gives its address, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            length = int(self.headers["Content-Length"] or 0)
            sent = json.loads(self.rfile.read(length)) if length else None
            asked.append((self.command, self.path, self.headers["X-SLURM-USER-TOKEN"], sent))
            status, told, *headers = answers.get(
                self.path.partition("?")[0], (404, {"errors": [{"error": "no"}]})
            )
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told if isinstance(told, bytes) else json.dumps(told).encode())

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the server's own names

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


VERSIONS = {"paths": {f"/slurm/v0.0.{number}/ping/": {} for number in (9, 38, 36)}}
V38 = {"/openapi/v3": (200, VERSIONS)}


def asked_of(answers, story, *, token=lambda: "hush", **more):
    async def tell(address):
        async with RestController(address, user="ada", token=token, **more) as controller:
            return await story(controller)

    with slurmrestd(answers) as (address, asked):
        return asyncio.run(tell(address)), asked


def test_the_newest_version_is_asked_with_the_token_of_the_moment():
    tokens = iter(["one", "two", "three"])
    answers = {**V38, "/slurm/v0.0.38/job/7": (200, {"errors": []})}

    _, asked = asked_of(answers, lambda it: it.cancel({7: None}), token=lambda: next(tokens))

    assert [(method, path, token) for method, path, token, _ in asked] == [
        ("GET", "/openapi/v3", "one"),
        ("DELETE", "/slurm/v0.0.38/job/7", "two"),
    ]


def test_all_jobs_are_asked_for_once_in_an_interval():
    async def story(controller):
        await asyncio.gather(*(controller.queue() for _ in range(5)))
        return await controller.queue()

    rows, asked = asked_of({**V38, "/slurm/v0.0.38/jobs": (200, {"jobs": [job()]})}, story, every=60)

    assert len(rows) == 1
    assert [path for _, path, *_ in asked] == ["/openapi/v3", "/slurm/v0.0.38/jobs"]


def test_what_was_submitted_is_not_missing_from_what_was_known():
    async def story(controller):
        await controller.queue()
        await controller.submit(submission())
        await controller.queue()

    answers = {**V38, "/slurm/v0.0.38/jobs": (200, {}), "/slurm/v0.0.38/job/submit": (200, {"job_id": 7})}
    _, asked = asked_of(answers, story, every=60)

    assert [path.rpartition("/")[2] for _, path, *_ in asked] == ["v3", "jobs", "submit", "jobs"]


def test_a_redirection_is_not_followed():
    moved = (302, {}, ("Location", "http://127.0.0.1:1/"))

    with pytest.raises(ClusterError, match="302"):
        asked_of({**V38, "/slurm/v0.0.38/jobs": moved}, lambda it: it.queue())


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        ((401, b"Authentication failure"), ClusterUnreachable, "401"),
        ((500, b"<html>"), ClusterUnreachable, "no JSON"),
        (
            (500, {"errors": [{"description": "slurmctld config is unable to load"}]}),
            ClusterUnreachable,
            "token",
        ),
        (
            (500, {"errors": [{"error": "Unable to contact slurm controller"}]}),
            ClusterUnreachable,
            "slurmctld",
        ),
    ],
)
def test_a_cluster_out_of_reach_is_told_and_the_token_is_not(answer, error, told):
    with pytest.raises(error, match=told) as raised:
        asked_of({**V38, "/slurm/v0.0.38/jobs": answer}, lambda it: it.queue())
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
            ClusterIsFull,
        ),
        ("Invalid partition name specified", SubmissionRefused),
        ("Socket timed out on send/recv operation", SubmissionInDoubt),
    ],
)
def test_a_submission_that_is_not_taken_is_what_slurm_s_words_mean(words, error):
    answer = (500, {"errors": [{"error_code": 1, "error": words}]})

    with pytest.raises(error):
        asked_of({**V38, "/slurm/v0.0.38/job/submit": answer}, lambda it: it.submit(submission()))


def test_what_is_over_is_left_alone():
    gone = (500, {"errors": [{"error": "Invalid job id specified", "description": "unable to kill JobId=7"}]})

    asked_of({**V38, "/slurm/v0.0.38/job/7": gone}, lambda it: it.cancel({7: None}))


def test_an_order_that_is_not_carried_out_is_told_and_the_others_are():
    no = (500, {"errors": [{"error": "Access/permission denied"}]})
    answers = {**V38, "/slurm/v0.0.38/job/7": no, "/slurm/v0.0.38/job/8": (200, {})}
    asked_for = []

    async def story(controller):
        with pytest.raises(ClusterError, match="permission denied"):
            await controller.hold([7, 8])
        asked_for.append(controller.asked["POST slurm/job/ID"])

    asked_of(answers, story)

    assert asked_for == [2]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {"errors": [{"error": "Unable to connect to database"}]}), AccountingIsDown),
        ((404, {"errors": [{"error": "Unable to find requested URL"}]}), AccountingIsDown),
    ],
)
def test_accounting_that_does_not_answer_is_down(answer, error):
    with pytest.raises(error):
        asked_of({**V38, "/slurmdb/v0.0.38/job/7": answer}, lambda it: it.accounting(AT, [7]))


def test_accounting_that_knows_nothing_is_not_down():
    nothing = (500, {"errors": [{"error": "Nothing found", "description": "Nothing found with query"}]})

    found, _ = asked_of({**V38, "/slurmdb/v0.0.38/job/7": nothing}, lambda it: it.accounting(AT, [7]))

    assert found == []


@pytest.mark.parametrize(
    ("host", "port", "base"),
    [
        ("head", None, "http://head:6820"),
        ("head", 80, "http://head:80"),
        ("http://head:1234", None, "http://head:1234"),
        ("https://head/", None, "https://head"),
        ("https://head", 8443, "https://head:8443"),
    ],
)
def test_an_address_may_be_a_host(host, port, base):
    assert rest_words.base(host, port) == base


def test_only_web_addresses_and_versions_are_taken():
    with pytest.raises(InvalidSetting, match="no address of a slurmrestd"):
        rest_words.base("file:///etc", None)
    with pytest.raises(InvalidSetting, match="no version"):
        rest_words.number_of("../v0.0.38")
