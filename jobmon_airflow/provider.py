"""What Airflow is told of this package: which parts it has, and how its options and connections are filled in.

Airflow calls `get_provider_info` in each of its processes, so this module imports nothing. Classes are named by their
paths, and Airflow imports them when it needs them.
"""

from __future__ import annotations

from typing import Any, Final

_INTEGRATION: Final = "Jobmon"
_VERSION_ADDED: Final = "0.1.0"
_TEXT: Final = {"type": ["string", "null"]}
_SECRET: Final = {"type": ["string", "null"], "format": "password"}


def get_provider_info() -> dict[str, Any]:
    """The provider's description, in the form of Airflow's provider_info.schema.json."""
    return {
        "package-name": "jobmon-airflow",
        "name": "Jobmon",
        "description": "Jobmon inside Apache Airflow: scientific workflows at cluster scale.",
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://jobmon.readthedocs.io/",
                "tags": ["software"],
            }
        ],
        "operators": _modules("operators.workflow", "operators.template", "operators.command"),
        "hooks": _modules("hooks.jobmon", "hooks.slurm"),
        "triggers": _modules("triggers.workflow", "triggers.template", "triggers.command"),
        "bundles": _modules("dags.bundle"),
        "connection-types": [_JOBMON, _SLURM],
        "extra-links": ["jobmon_airflow.operators.links.JobmonLink"],
        "notifications": ["jobmon_airflow.notifications.jobmon.JobmonNotifier"],
        "cli": ["jobmon_airflow.cli.airflow_group.get_cli_commands"],
        "db-managers": ["jobmon_airflow.db_manager.JobmonDBManager"],
        "config": {"jobmon": {"description": _SECTION, "options": _OPTIONS}},
    }


def _modules(*names: str) -> list[dict[str, Any]]:
    return [
        {"integration-name": _INTEGRATION, "python-modules": [f"jobmon_airflow.{name}" for name in names]}
    ]


# --- connections -----------------------------------------------------------------------------------------------

_JOBMON: Final[dict[str, Any]] = {
    "connection-type": "jobmon",
    "hook-name": "Jobmon",
    "hook-class-name": "jobmon_airflow.hooks.jobmon.JobmonHook",
    "conn-fields": {
        "dialect": {
            "label": "Kind of database",
            "schema": {"type": ["string", "null"], "enum": ["postgresql", "mysql", "sqlite", None]},
            "description": "Empty means PostgreSQL if a host is given, and SQLite if not.",
        },
        "url": {
            "label": "Address",
            "schema": _SECRET,
            "description": "All of the above in one, as SQLAlchemy writes it; it goes before the other fields.",
        },
    },
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"schema": "Database, or file of SQLite"},
        "placeholders": {
            "host": "db.example.org",
            "schema": "jobmon",
            "url": "postgresql+psycopg://user:password@host/jobmon",
        },
    },
}

_SLURM: Final[dict[str, Any]] = {
    "connection-type": "slurm",
    "hook-name": "Slurm",
    "hook-class-name": "jobmon_airflow.hooks.slurm.SlurmHook",
    "conn-fields": {
        "transport": {
            "label": "Way to Slurm",
            "schema": {"type": ["string", "null"], "enum": ["local", "ssh", "rest"], "default": "local"},
            "description": "local: its commands, on the machine of the worker. ssh: its commands, on the host "
            "above. rest: the slurmrestd at the host above.",
        },
        "partition": {
            "label": "Partition",
            "schema": _TEXT,
            "description": "The queue of tasks that name none.",
        },
        "account": {
            "label": "Account",
            "schema": _TEXT,
            "description": "The project of tasks that name none.",
        },
        "reservation": {"label": "Reservation", "schema": _TEXT},
        "options": {
            "label": "Allowed options",
            "schema": _TEXT,
            "description": "Names of sbatch options that tasks may use besides the usual ones, with commas: "
            "constraint, gres, nice.",
        },
        "key_file": {
            "label": "Private key",
            "schema": _TEXT,
            "description": "For ssh: a file on the worker. Else ssh chooses by its own configuration.",
        },
        "known_hosts": {
            "label": "Known hosts",
            "schema": _TEXT,
            "description": "For ssh: a file with the keys of the hosts. Empty: that of ssh's own configuration.",
        },
        "ssh_conn_id": {
            "label": "SSH connection",
            "schema": _TEXT,
            "description": "For ssh: the id of a connection of Airflow whose host, port, login and keys count "
            "where these here are empty.",
        },
        "spool": {
            "label": "Shared folder",
            "schema": _TEXT,
            "description": "A folder that all nodes share, and this machine too (local) or the host above (ssh). In it "
            "jobs write how their commands ended.",
        },
        "api_version": {
            "label": "Version of the REST API",
            "schema": _TEXT,
            "description": "For rest, such as v0.0.42. Empty: the newest that slurmrestd offers.",
        },
        "token": {
            "label": "Token",
            "schema": _SECRET,
            "description": "For rest: what `scontrol token` prints. It may stand in the password instead.",
        },
    },
    "ui-field-behaviour": {
        "hidden-fields": ["schema"],
        "relabeling": {"password": "Password or token"},
        "placeholders": {"host": "login.cluster.org", "partition": "all.q", "account": "proj_a"},
    },
}

# --- the section [jobmon] -----------------------------------------------------------------------------------------


def _option(
    description: str,
    *,
    default: str = "",
    example: str | None = None,
    kind: str = "string",
    is_secret: bool = False,
) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": _VERSION_ADDED,
        "type": kind,
        "default": default,
        "example": example,
        **({"sensitive": True} if is_secret else {}),
    }


_SECTION: Final = (
    "Jobmon's tables, its engines, and how scripts reach Airflow. Scripts and engines read these options without "
    "importing Airflow: from AIRFLOW__JOBMON__<OPTION>, then from airflow.cfg. A secret may also be the output of a "
    "command, AIRFLOW__JOBMON__<OPTION>_CMD; it cannot come from a secrets backend."
)
# The defaults are those of settings.DEFAULTS, which is not imported here; a test compares them.
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "sql_alchemy_conn": _option(
        "Address of the database with the Jobmon tables: SQLite, PostgreSQL, MariaDB or MySQL; not Airflow's own. "
        "Empty means the file jobmon.db in AIRFLOW_HOME. `airflow db migrate` makes the tables.",
        example="postgresql+psycopg://jobmon:password@db.example.org/jobmon",
        is_secret=True,
    ),
    "poll_interval": _option(
        "Seconds between two looks at a workflow by the tasks in Airflow that wait for it or mirror it. The engine "
        "itself hears of its jobs at once.",
        default="5.0",
        example="1.0",
        kind="float",
    ),
    "engine_log_folder": _option(
        "Folder in which engines write their logs that run beside a triggerer.",
        default="{AIRFLOW_HOME}/logs/jobmon",
        example="/var/log/jobmon",
    ),
    "classic_cluster": _option(
        "Cluster that SGEExecutor stands for in workflows of Jobmon 1.x and 2.x. Empty means slurm where its commands "
        "are on this machine, and multiprocess elsewhere.",
        example="cluster_a",
    ),
    "api_url": _option(
        "Address of Airflow's API server as scripts reach it that hand a workflow over by workflow.submit(). Empty "
        "means [api] base_url, and http://localhost:8080 if that is empty too.",
        example="https://airflow.example.org",
    ),
    "api_token": _option(
        "Token with which scripts ask the API server; `POST /auth/token` gives one. Empty means that one is asked for "
        "with api_username and api_password.",
        example="eyJhbGciOi...",
        is_secret=True,
    ),
    "api_username": _option(
        "User who asks the API server for a token, if api_token is empty.", example="ada"
    ),
    "api_password": _option("Password of api_username.", is_secret=True),
}
