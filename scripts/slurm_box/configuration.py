"""What Slurm reads: slurm.conf, cgroup.conf, slurmdbd.conf, and the accounts that sacctmgr loads."""

from __future__ import annotations

import pwd
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scripts.slurm_box import cgroups, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.slurm_box.settings import Settings

# How jobs are followed and kept within their memory.
ENFORCEMENT: Final = {
    "v1": ("proctrack/cgroup", "task/cgroup", "jobacct_gather/cgroup", ""),
    "v2": ("proctrack/cgroup", "task/cgroup", "jobacct_gather/cgroup", ""),
    "none": ("proctrack/linuxproc", "task/none", "jobacct_gather/linux", "OverMemoryKill"),
}

# Slurm refuses empty values, and takes the last of two lines of most settings for the only one.
SLURM_CONF: Final = """\
ClusterName={box.cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={box.slurmctld_port}
SlurmUser={user}
AuthType=auth/munge
# A requeued job waits until its first credential has expired, and a second: two minutes by default.
AuthInfo=socket={box.munge_socket},cred_expire=10
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={box.etc}/jwt_hs256.key
# Listen on the address of the own name, which is 127.0.0.1, and not on all.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={box.live}/state
SlurmdSpoolDir={box.live}/spool/%n
SlurmctldPidFile={box.run}/slurmctld.own.pid
SlurmdPidFile={box.run}/slurmd-%n.own.pid
SlurmctldLogFile={box.log}/slurmctld.log
SlurmdLogFile={box.log}/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
MailProg=/bin/true
# The nodes claim more CPUs than the machine has: what stands here counts, not what slurmd finds.
SlurmdParameters=config_overrides
ProctrackType={proctrack}
TaskPlugin={task}
JobAcctGatherType={gather}
JobAcctGatherParams={gather_parameters}
JobAcctGatherFrequency=task=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
PriorityType=priority/multifactor
PriorityWeightAge=100
PriorityWeightPartition=1000
SchedulerType=sched/backfill
SchedulerParameters={scheduler}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MaxArraySize=100001
MaxJobCount=300000
MinJobAge=300
CompleteWait=0
KillWait=2
OverTimeLimit=0
UnkillableStepTimeout=30
SlurmdTimeout=20
SlurmctldTimeout=60
# So long do commands look for a slurmctld that is down.
MessageTimeout=10
TCPTimeout=5
BatchStartTimeout=30
InactiveLimit=0
WaitTime=0
ReturnToService=2
TreeWidth=50
EnforcePartLimits=ALL
DisableRootJobs=NO
JobRequeue=1
PropagateResourceLimits=NONE
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={box.slurmdbd_port}
# sacct and sacctmgr find munge by this, not by AuthInfo.
AccountingStoragePass={box.munge_socket}
AccountingStorageEnforce=associations,limits,qos
AccountingStoreFlags=job_comment,job_script,job_env
"""

SCHEDULER: Final = (
    "batch_sched_delay=0,sched_interval=2,sched_min_interval=20000,default_queue_depth=500,"
    "partition_job_depth=500,bf_interval=2,bf_resolution=60,bf_max_job_test=200,max_rpc_cnt=64"
)

NODES: Final = """\
NodeName=DEFAULT CPUs={box.cpus} RealMemory={box.memory} TmpDisk=0 State=UNKNOWN
NodeName=n[1-{box.nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}]
PartitionName=DEFAULT Nodes=ALL State=UP OverSubscribe=NO DefMemPerCPU=64 PriorityTier=10 PreemptMode=OFF
PartitionName=all.q Default=YES MaxTime=1-00:00:00 DefaultTime=1:00:00
PartitionName=long.q MaxTime=16-00:00:00 DefaultTime=1-00:00:00
PartitionName=short.q MaxTime=00:02:00 DefaultTime=00:01:00 MaxMemPerNode=128
PartitionName=small.q Nodes=n1 MaxTime=1:00:00 DefaultTime=0:10:00 MaxMemPerNode=256 MaxNodes=1 MaxCPUsPerNode=2
PartitionName=low.q MaxTime=1-00:00:00 DefaultTime=1:00:00 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=cancel.q MaxTime=1-00:00:00 DefaultTime=1:00:00 PriorityTier=1 PreemptMode=CANCEL GraceTime=0
PartitionName=high.q MaxTime=1-00:00:00 DefaultTime=1:00:00 PriorityTier=100
PartitionName=down.q MaxTime=1-00:00:00 State=DOWN
PartitionName=inactive.q MaxTime=1-00:00:00 State=INACTIVE
"""

SLURMDBD_CONF: Final = """\
AuthType=auth/munge
AuthInfo=socket={box.munge_socket}
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key={box.etc}/jwt_hs256.key
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={box.slurmdbd_port}
SlurmUser={user}
DebugLevel=info
LogFile={box.log}/slurmdbd.log
PidFile={box.run}/slurmdbd.own.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser={user}
StorageLoc=slurm_acct_db
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
"""

CGROUP_CONF: Final = {
    "v1": "CgroupPlugin=cgroup/v1\nCgroupMountpoint={mounted}\nCgroupAutomount=no\n",
    "v2": "CgroupPlugin=cgroup/v2\nIgnoreSystemd=yes\n",
    "none": "",
}
CONSTRAINTS: Final = """\
ConstrainRAMSpace=yes
AllowedRAMSpace=100
ConstrainSwapSpace=yes
AllowedSwapSpace=0
ConstrainCores=no
ConstrainDevices=no
MinRAMSpace=30
"""

# `strict` turns away what asks for much; `proj_limited` takes five jobs at a time, so that such limits can be met.
STRICT: Final = (
    "add",
    "qos",
    "strict",
    "Flags=DenyOnLimit",
    "MaxTRESPerJob=cpu=4,mem=512M",
    "MaxWall=0:05:00",
)
ACCOUNTS: Final = {"proj_a": "", "proj_b": "", "proj_limited": ":GrpJobs=2:GrpSubmitJobs=5"}


def write(box: Settings) -> str:
    """Write all of it, and say how memory limits are enforced."""
    version = cgroups.choose(box)
    cgroups.prepare(box, version)
    (box.etc / "slurm.conf").write_text(slurm_conf(box, version))
    (box.etc / "cgroup.conf").write_text(cgroup_conf(box, version))
    (box.etc / "accounts.cfg").write_text("".join(f"{line}\n" for line in accounts(box)))
    (box.run / "hosts").write_text(hosts(box))
    slurmdbd_conf = box.etc / "slurmdbd.conf"
    slurmdbd_conf.touch(mode=0o600)
    slurmdbd_conf.write_text(SLURMDBD_CONF.format(box=box, user=places.USER))
    shutil.chown(slurmdbd_conf, places.USER)
    return version


def slurm_conf(box: Settings, version: str) -> str:
    """The cluster's configuration, with the lines that the box's settings replace."""
    proctrack, task, gather, parameters = ENFORCEMENT[version]
    host = socket.gethostname().partition(".")[0]
    text = SLURM_CONF.format(
        box=box,
        host=host,
        user=places.USER,
        proctrack=proctrack,
        task=task,
        gather=gather,
        gather_parameters=parameters,
        scheduler=SCHEDULER,
    )
    ports = box.node_ports
    nodes = NODES.format(box=box, host=host, first=ports[0], last=ports[-1])
    return "".join(f"{line}\n" for line in replaced(text.splitlines(), dict(box.replaced))) + nodes


def replaced(lines: list[str], instead: dict[str, str]) -> Iterator[str]:
    """The lines with other values, without those that have none, and with those that are new."""
    for line in lines:
        key, equals, value = line.partition("=")
        value = instead.pop(key, value)
        if line.startswith("#") or value:
            yield line if line.startswith("#") else f"{key}{equals}{value}"
    yield from (f"{key}={value}" for key, value in instead.items() if value)


def cgroup_conf(box: Settings, version: str) -> str:
    plugin = CGROUP_CONF[version].format(mounted=cgroups.mounted(box))
    return plugin and plugin + CONSTRAINTS


def accounts(box: Settings) -> Iterator[str]:
    """Every person of this machine may use every account, in the text that `sacctmgr load` reads.

    One load instead of ten calls: each question to slurmdbd takes 40 ms, and each sacctmgr asks ten.
    """
    yield f"Cluster - '{box.cluster}':Fairshare=1:QOS='normal'"
    yield "Parent - 'root'"
    yield "User - 'root':DefaultAccount='proj_a':AdminLevel='Administrator':Fairshare=1:QOS='+strict'"
    for account, limits in ACCOUNTS.items():
        yield f"Account - '{account}':Description='test':Organization='test':Fairshare=1{limits}"
    for account in ACCOUNTS:
        yield f"Parent - '{account}'"
        for user in people():
            yield f"User - '{user}':DefaultAccount='proj_a':Fairshare=1:QOS='+strict'"


def people() -> list[str]:
    return [it.pw_name for it in pwd.getpwall() if it.pw_uid == 0 or 1000 <= it.pw_uid < 60000]


def hosts(box: Settings) -> str:
    """/etc/hosts as the nodes see it: they know each other's names."""
    names = "".join(f"127.0.0.1 {name}\n" for name in box.node_names)
    return f"{Path('/etc/hosts').read_text()}\n{names}"
