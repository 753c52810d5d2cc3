"""sacctmgr: who may submit how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobmon_airflow.testing.fake_slurm import words as command_line
from jobmon_airflow.testing.fake_slurm.faults import Fault
from jobmon_airflow.testing.fake_slurm.processes import user_of
from jobmon_airflow.testing.fake_slurm.service import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobmon_airflow.testing.fake_slurm.cluster import Cluster
    from jobmon_airflow.testing.fake_slurm.service import Call
    from jobmon_airflow.testing.fake_slurm.submitting import Limits

SACCTMGR: Final = command_line.known(
    valued="",
    flags="immediate noheader parsable parsable2 quiet readonly version",
    short="i=immediate n=noheader p=parsable P=parsable2 Q=quiet r=readonly",
)
REFUSED: Final = "sacctmgr: error: Problem talking to the database: Connection refused\n"


def sacctmgr(call: Call, cluster: Cluster, limits: Limits) -> Said:
    """Show associations, users and QOS."""
    asked = command_line.read("sacctmgr", call.words, SACCTMGR)
    faults = cluster.faults
    if faults.strikes(Fault.ACCOUNTING_REFUSED) or faults.strikes(Fault.ACCOUNTING_DISABLED):
        return Said(err=REFUSED, code=1)
    verb, what, *rest = (*asked.others, "", "")
    if verb not in ("show", "list"):
        return Said(err=f"invalid keyword: {verb}\n", code=1)
    options = dict(word.lower().split("=", 1) for word in rest if "=" in word)
    columns = options.get("format", "").split(",")
    rows = list(_rows(what, options, call, limits))
    between = "|" if "parsable2" in asked else " "
    lines = [columns] if "noheader" not in asked else []
    lines += [[row.get(column, "") for column in columns] for row in rows]
    return Said(out="".join(between.join(line) + "\n" for line in lines))


def _rows(what: str, options: dict[str, str], call: Call, limits: Limits) -> Iterator[dict[str, str]]:
    most = "" if limits.submit is None else str(limits.submit)
    if what.startswith("assoc"):
        user = options.get("user")
        if user is None or user == "":
            yield {"account": "root", "qos": "normal"}
            for account in limits.accounts:
                yield {"account": account, "parentname": "root", "grpsubmit": most, "qos": "normal"}
        if user is None or user:
            for account in limits.accounts:
                yield {"account": account, "user": user or user_of(call.uid), "qos": ",".join(limits.qos)}
    elif what.startswith("user"):
        yield {"user": user_of(call.uid), "defaultaccount": limits.accounts[0]}
    elif what.startswith("qos"):
        yield from ({"name": name} for name in limits.qos)
