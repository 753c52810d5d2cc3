"""A single command on Slurm, which is simulated here: what the operator asks of it over Airflow's tries."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException

from jobmon_airflow import Tool
from jobmon_airflow.dags import commanding, reaching, run_of
from jobmon_airflow.dags.about import about, packed, this_try
from jobmon_airflow.dags.defining import define
from jobmon_airflow.dags.engine import Order
from jobmon_airflow.dags.running import run_command
from jobmon_airflow.distributors import registry
from jobmon_airflow.distributors.slurm import secrets
from jobmon_airflow.engine.session import Options, Session
from jobmon_airflow.errors import InvalidDefinition, InvalidSetting, UnknownCluster
from jobmon_airflow.operators.command import SlurmOperator
from jobmon_airflow.queues import QueueLimits
from jobmon_airflow.store import clusters, migrations
from jobmon_airflow.store.database import Database
from jobmon_airflow.testing import SimulatedCluster
from jobmon_airflow.testing.access import Access

CLUSTER: dict[str, SimulatedCluster] = {}


REACHED: list[dict[str, Any]] = []


def reached(**parameters: Any) -> Any:
    REACHED.append(parameters)
    return CLUSTER["slurm"].another_access()


@dataclass
class Instance:
    try_number: int
    dag_id: str = "hand_written"
    run_id: str = "manual"
    task_id: str = "fit"
    map_index: int = -1


@dataclass
class Run:
    dag_id: str = "hand_written"
    run_id: str = "manual"
    run_type: str = "manual"
    conf: dict[str, Any] = field(default_factory=dict)
    clear_number: int = 0
    logical_date: Any = None
    data_interval_start: Any = None
    data_interval_end: Any = None
    run_after: Any = datetime(2026, 1, 1, tzinfo=UTC)


class Memory(dict[str, Any]):
    """Airflow's task state store, which lives as long as the task instance."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


@pytest.fixture
def address(tmp_path, monkeypatch):
    """A database, and a Slurm that is simulated."""
    monkeypatch.setenv("JOBMON__DB__SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'jobmon.db'}")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setitem(registry._BUILT_IN, "slurm", f"{__name__}:reached")
    monkeypatch.setattr(secrets, "_held", {})
    REACHED.clear()
    database = Database.open()
    migrations.migrate(database)
    yield database
    database.close()


def slurm(**behaviour: Any) -> SimulatedCluster:
    CLUSTER["slurm"] = SimulatedCluster(**behaviour)
    return CLUSTER["slurm"]


def operator(**options: Any) -> SlurmOperator:
    return SlurmOperator(task_id="fit", dag=DAG("hand_written", schedule=None), command="fit.R 7", **options)


def try_(
    task: SlurmOperator, number: int, memory: Memory, *, clears: int = 0, run_id: str = "manual"
) -> dict[str, Any]:
    """One of Airflow's tries."""
    run = Run(clear_number=clears, run_id=run_id)
    context: Any = {"ti": Instance(number, run_id=run_id), "dag_run": run, "params": {}}
    return run_command(task, {**context, "task_state_store": memory})


def test_the_request_of_a_try_that_ran_out_of_memory_is_raised_by_the_next(address):
    cluster = slurm(needs_memory={"fit_command-fit.R_7": "80G", "fit": "80G"})
    task, memory = operator(compute_resources={"memory": "40G", "queue": "all.q"}, max_attempts=3), Memory()

    for number in (1, 2):
        with pytest.raises(AirflowException, match="out of memory"):
            try_(task, number, memory)
    facts = try_(task, 3, memory)

    assert facts["verdict"] == "done"
    ((_, requests),) = cluster.requests.items()
    assert [str(request.memory) for request in requests] == ["40G", "60G", "90G"]
    assert memory["jobmon"]["verdict"] == "done"


def test_a_raised_request_goes_to_the_fallback_queue_that_holds_it(address):
    def limits(connection):
        number = clusters.cluster_id(connection, "slurm")
        found = [("all.q", "50G"), ("long.q", "100G")]
        clusters.set_limits(
            connection,
            number,
            [QueueLimits.from_parameters(name, {"memory": (0, most)}) for name, most in found],
        )

    address.write(limits)
    cluster = slurm(needs_memory=lambda attempt, number: "55G")
    task, memory = (
        operator(compute_resources={"memory": "40G", "queue": "all.q"}, fallback_queues=["long.q"]),
        Memory(),
    )

    with pytest.raises(AirflowException):
        try_(task, 1, memory)
    try_(task, 2, memory)

    ((_, requests),) = cluster.requests.items()
    assert [(str(request.memory), request.queue) for request in requests] == [
        ("40G", "all.q"),
        ("60G", "long.q"),
    ]


def test_a_command_that_failed_by_itself_asks_for_the_same_again(address):
    cluster = slurm(exit_code=lambda attempt, number: 1 if number == 1 else 0)
    task, memory = operator(compute_resources={"memory": "4G"}), Memory()

    with pytest.raises(AirflowException, match="application error, exit code 1"):
        try_(task, 1, memory)
    try_(task, 2, memory)

    ((_, requests),) = cluster.requests.items()
    assert [str(request.memory) for request in requests] == ["4G", "4G"]


def test_a_try_after_a_success_that_airflow_did_not_hear_of_repeats_nothing(address):
    cluster = slurm()
    task, memory = operator(), Memory()
    first = try_(task, 1, memory)

    second = try_(task, 2, memory)

    assert second["task_instance_id"] == first["task_instance_id"]
    assert sum(cluster.attempts.values()) == 1


def test_a_success_that_a_person_clears_is_repeated(address):
    cluster = slurm()
    task, memory = operator(), Memory()
    try_(task, 1, memory)

    try_(task, 2, memory, clears=1)

    assert sum(cluster.attempts.values()) == 2


class Deaf(Access):
    """A way to the cluster on which no news comes, as to a controller that is about to die."""

    async def news(self):
        await asyncio.Event().wait()


def test_a_success_that_a_person_clears_is_repeated_where_airflow_forgets_what_succeeded(address):
    cluster = slurm()
    task = operator()
    try_(task, 1, Memory())

    try_(task, 2, Memory(), clears=1)

    assert sum(cluster.attempts.values()) == 2


def test_a_job_that_an_earlier_try_left_on_the_cluster_is_taken_over(address):
    cluster = slurm()
    task, facts = operator(), about({"ti": Instance(1), "dag_run": Run(), "params": {}})
    place = this_try(Instance(1)).place
    command = reaching.settled(task.as_command("hand_written"), {})
    definition = commanding.define(command, place, facts, None)
    deaf = Deaf(cluster._state, cluster._luck, None, appetite=9, outlives_us=True)
    session = Session(
        address, definition.workflow_id, Options(resume=True), distributors={"slurm": deaf}, threaded=False
    )

    async def submit_and_leave() -> None:
        asyncio.get_running_loop().call_later(2, lambda: session.stop(leaves_jobs=True))
        await session.run()

    asyncio.run(submit_and_leave())
    assert sum(cluster.attempts.values()) == 1
    found = try_(task, 2, Memory())

    assert found["verdict"] == "done"
    assert sum(cluster.attempts.values()) == 1


def test_what_runs_without_a_distributor_says_what_is_missing(address, monkeypatch):
    monkeypatch.delitem(registry._BUILT_IN, "slurm")

    with pytest.raises(
        UnknownCluster, match="of type 'slurm', which nothing installed here can run tasks on"
    ):
        try_(operator(), 1, Memory())


def test_a_log_of_airflow_is_told_how_it_ended(address, capsys):
    slurm()

    try_(operator(), 1, Memory())

    assert "done, exit code 0" in capsys.readouterr().out


# --- connections ----------------------------------------------------------------------------------------------


def connect(monkeypatch, name: str, **fields: Any) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "slurm", **fields}))


def stored(database: Database) -> dict[str, tuple[str, dict[str, Any]]]:
    with database.read() as connection:
        return {
            name: clusters.connection_of(connection, name)
            for name in clusters.of_type(connection, "slurm")
            if name != "slurm"
        }


def test_a_connection_is_a_cluster_and_what_is_secret_of_it_is_not_stored(address, monkeypatch):
    slurm()
    connect(
        monkeypatch,
        "gpu",
        host="api.example.org",
        login="ada",
        password="hush-hush",
        extra={"transport": "rest"},
    )

    facts = try_(operator(slurm_conn_id="gpu"), 1, Memory())

    way = {"transport": "rest", "host": "api.example.org", "user": "ada"}
    assert facts["verdict"] == "done"
    assert [way] == REACHED
    assert stored(address) == {"gpu": ("slurm", way)}
    assert secrets.token_of("api.example.org", "ada") == "hush-hush"
    assert "hush-hush" not in str(dict(os.environ | {"AIRFLOW_CONN_GPU": ""}))


def test_a_connection_that_changes_is_followed(address, monkeypatch):
    slurm()
    connect(monkeypatch, "gpu", extra={"partition": "all.q"})
    try_(operator(slurm_conn_id="gpu"), 1, Memory())

    connect(monkeypatch, "gpu", extra={"partition": "long.q", "spool": "/shared/jobmon"})
    try_(operator(slurm_conn_id="gpu"), 2, Memory(), clears=1)

    assert [way.get("partition") for way in REACHED] == ["all.q", "long.q"]
    assert stored(address)["gpu"][1]["spool"] == "/shared/jobmon"


def test_the_default_connection_is_taken_where_there_is_one_and_the_cluster_slurm_where_there_is_none(
    address, monkeypatch
):
    slurm()
    try_(operator(), 1, Memory())
    assert (REACHED, stored(address)) == ([{}], {})

    connect(monkeypatch, "slurm_default", extra={"account": "proj_a"})
    try_(operator(), 1, Memory(), run_id="another")
    assert REACHED[1:] == [{"transport": "local", "account": "proj_a"}]
    assert list(stored(address)) == ["slurm_default"]


def test_an_ssh_connection_may_say_how_to_get_there(address, monkeypatch):
    slurm()
    ssh = {
        "conn_type": "ssh",
        "host": "head",
        "port": 2222,
        "login": "ada",
        "password": "no",
        "extra": {"key_file": "/k"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_LOGIN_NODE", json.dumps(ssh))
    connect(monkeypatch, "gpu", extra={"ssh_conn_id": "login_node", "account": "proj_a"})

    try_(operator(slurm_conn_id="gpu"), 1, Memory())

    assert REACHED == [
        {
            "transport": "ssh",
            "host": "head",
            "port": 2222,
            "user": "ada",
            "key_file": "/k",
            "account": "proj_a",
        }
    ]


def test_an_ssh_connection_that_is_none_is_refused(address, monkeypatch):
    slurm()
    connect(monkeypatch, "other")
    connect(monkeypatch, "gpu", extra={"ssh_conn_id": "other"})

    with pytest.raises(InvalidSetting, match="'other', which is a connection of the type 'slurm'"):
        try_(operator(slurm_conn_id="gpu"), 1, Memory())


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n-----END OPENSSH PRIVATE KEY-----\n"


def by_ssh(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> SlurmOperator:
    """An operator whose connection names an SSH connection."""
    ssh = {"conn_type": "ssh", "host": "head", "login": "ada", **fields}
    monkeypatch.setenv("AIRFLOW_CONN_LOGIN_NODE", json.dumps(ssh))
    connect(monkeypatch, "gpu", extra={"ssh_conn_id": "login_node"})
    return operator(slurm_conn_id="gpu")


def test_a_private_key_s_text_is_known_to_this_process_and_stored_nowhere(address, monkeypatch):
    slurm()
    task = by_ssh(monkeypatch, extra={"private_key": KEY, "key_file": "/k", "host_key": "ssh-ed25519 AAAA"})

    try_(task, 1, Memory())

    way = {"transport": "ssh", "host": "head", "user": "ada", "host_key": "ssh-ed25519 AAAA"}
    assert [way] == REACHED
    assert stored(address) == {"gpu": ("slurm", way)}
    assert secrets.key_of("head", "ada") == KEY
    assert secrets.token_of("head", "ada") is None
    assert secrets.key_of("head", "bob") is None
    for file in Path(address.engine.url.database).parent.glob("jobmon.db*"):
        assert b"hush" not in file.read_bytes()


def test_an_engine_is_told_of_private_keys_with_its_order(address, monkeypatch):
    by_ssh(monkeypatch, extra={"private_key": KEY})
    ways = reaching.ways_of_all(address, ["gpu"])

    told = reaching.Reached.unpacked(json.loads(json.dumps(ways["gpu"].packed())))
    reaching.prepare(address, {"gpu"}, {"gpu": told})

    assert secrets.key_of("head", "ada") == KEY
    assert "hush" not in repr(ways)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"password": "hush"}, "has a password"),
        ({"extra": {"private_key": KEY, "private_key_passphrase": "hush"}}, "asks for a passphrase"),
        (
            {"extra": {"host_key": "AAAA", "no_host_key_check": "true"}},
            "has a host_key, and no_host_key_check",
        ),
    ],
)
def test_what_ssh_cannot_be_told_is_refused_with_what_to_do(address, monkeypatch, fields, problem):
    slurm()

    with pytest.raises(InvalidSetting, match=problem) as refused:
        try_(by_ssh(monkeypatch, **fields), 1, Memory())
    assert refused.value.remedy
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "is_checked"), [(True, False), ("true", False), ("False", True), (None, True)]
)
def test_a_host_is_believed_only_if_the_ssh_connection_says_so(address, monkeypatch, said, is_checked):
    slurm()

    try_(by_ssh(monkeypatch, extra={"no_host_key_check": said}), 1, Memory())

    assert REACHED[0].get("checks_host", True) is is_checked


def test_a_workflow_s_cluster_may_be_a_connection(address, monkeypatch):
    cluster = slurm()
    connect(monkeypatch, "gpu", extra={"partition": "all.q"})
    tool = Tool("burden")
    tool.set_default_cluster_name("gpu")
    workflow = tool.create_workflow(name="yearly")
    workflow.add_tasks(tool.get_task_template("fit", "fit {n}", node_args=["n"]).create_tasks(n=[1, 2]))
    dag = workflow.to_dag(deferrable=True)

    facts = about({"ti": Instance(1), "dag_run": Run(), "params": {}})
    definition = define(run_of(dag), address, facts)
    outcome = asyncio.run(
        Session(address, definition.workflow_id, Options(resume=True), threaded=False).run()
    )

    assert outcome.status == "D"
    assert sum(cluster.attempts.values()) == 2
    assert REACHED == [{"transport": "local", "partition": "all.q"}]
    assert run_of(dag).start_trigger_args.trigger_kwargs["clusters"] == ["gpu"]


def test_an_engine_is_told_of_connections_that_it_cannot_ask_for(address, monkeypatch):
    slurm()
    connect(monkeypatch, "gpu", host="api", password="hush", extra={"transport": "rest"})
    ways = reaching.ways_of_all(address, ["gpu", "multiprocess", "unheard_of"])
    assert {name for name, way in ways.items() if way is not None} == {"gpu"}
    monkeypatch.delenv("AIRFLOW_CONN_GPU")
    facts = packed(about({"ti": Instance(1), "dag_run": Run(), "params": {}}))
    order = Order(
        place=this_try(Instance(1)).place,
        try_number=1,
        facts=facts,
        wishes={},
        cancel_on_kill=True,
        clusters=ways,
    )

    told = Order.from_json(order.to_json()).clusters
    reaching.prepare(address, {"gpu", "unheard_of"}, told)

    assert stored(address) == {"gpu": ("slurm", {"transport": "rest", "host": "api"})}
    assert secrets.token_of("api") == "hush"
    assert "hush" not in repr(order)


def test_a_cluster_of_another_kind_does_not_become_one_of_slurm(address):
    with pytest.raises(InvalidDefinition, match="'multiprocess' is of the type 'multiprocess'"):
        address.write(lambda it: clusters.describe(it, "multiprocess", "slurm", {}))


def test_a_connection_and_a_cluster_that_differ_are_refused():
    with pytest.raises(InvalidDefinition, match="Leave one out"):
        operator(slurm_conn_id="gpu", cluster_name="other")


# --- where output goes ----------------------------------------------------------------------------------------


def asked_for(cluster: SimulatedCluster) -> dict[str, Any]:
    ((_, requests),) = cluster.requests.items()
    return requests[-1].as_dict()


def test_output_goes_to_the_folder_that_nodes_share_so_that_it_is_seen_while_it_is_written(
    address, monkeypatch, tmp_path
):
    cluster = slurm()
    connect(monkeypatch, "gpu", extra={"spool": str(tmp_path / "shared")})

    try_(operator(slurm_conn_id="gpu"), 1, Memory())

    folder = str(tmp_path / "shared" / "logs" / "hand_written" / "manual" / "fit")
    assert (asked_for(cluster)["stdout"], asked_for(cluster)["stderr"]) == (folder, folder)


def test_where_nothing_is_shared_with_us_the_cluster_says_where_output_goes(address, monkeypatch):
    cluster = slurm()
    connect(monkeypatch, "gpu", host="head", extra={"transport": "ssh", "spool": "/shared/on/the/cluster"})

    try_(operator(slurm_conn_id="gpu"), 1, Memory())

    assert {"stdout", "stderr"}.isdisjoint(asked_for(cluster))


def test_a_folder_that_the_task_names_is_kept(address, monkeypatch, tmp_path):
    cluster = slurm()
    connect(monkeypatch, "gpu", extra={"spool": str(tmp_path)})

    try_(operator(slurm_conn_id="gpu", compute_resources={"stdout": "/mine"}), 1, Memory())

    assert asked_for(cluster)["stdout"] == "/mine"
