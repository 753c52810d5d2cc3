"""A compute node, without Slurm: it runs a piece's script as slurmstepd would, in a session of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from jobmon_airflow.distributors.protocol import Attempt, Batch
from jobmon_airflow.distributors.slurm import script
from jobmon_airflow.distributors.slurm.pieces import Piece
from jobmon_airflow.distributors.slurm.spool import LocalSpool
from jobmon_airflow.distributors.slurm.told import Begun, Over, PutBack, read
from jobmon_airflow.resources import Resources

SHELLS = [words for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(words[0])]

_numbers = itertools.count(1)


def batch_of(*commands, names=None, token=None, **resources):
    attempts = [
        Attempt(100 + step, 1000 + step, names[step] if names else f"task {step}", command)
        for step, command in enumerate(commands)
    ]
    return Batch(
        token=token or f"jobmon-{next(_numbers)}",
        workflow_id=3,
        workflow_run_id=4,
        array="fit",
        resources=Resources.parse({"runtime": "1m", **resources}),
        attempts=attempts,
    )


@dataclass
class Node:
    """The shared folder, and jobs on a node with a name."""

    root: Path
    shell: list[str] = field(default_factory=lambda: ["/bin/sh"])
    name: str = "n1"
    env: dict[str, str] = field(default_factory=dict)

    def folder(self, batch):
        return self.root / batch.token

    def prepared(self, batch, *, first=0, last=None, pack=1, **more):
        """A piece's script, written to a file; its folder is ready."""
        piece = Piece(batch.token, first, len(batch.attempts) - 1 if last is None else last, pack)
        job = script.script_of(batch, piece, folder=str(self.folder(batch)), **more)
        asyncio.run(LocalSpool(str(self.root)).prepare(batch.token, job.files))
        path = self.root / f"{piece.name}.sh"
        path.write_bytes(job.text.encode("utf-8", "surrogateescape"))
        return path

    def start(self, path, element=0, **more):
        env = {
            "PATH": os.environ["PATH"],
            "SLURMD_NODENAME": self.name,
            "SLURM_ARRAY_TASK_ID": str(element),
            **self.env,
        }
        return subprocess.Popen(
            [*self.shell, str(path)],
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **more,
        )

    def run(self, batch, element=0, **more):
        """Run an element; return what its job left: exit code and Slurm's own log."""
        job = self.start(self.prepared(batch, **more), element)
        out, err = job.communicate(timeout=60)
        return job.returncode, (out + err).decode()

    def told(self, batch):
        files = sorted(self.folder(batch).glob("told-*"))
        return [told for file in files for told in read(file.read_bytes())]

    def over(self, batch):
        return {
            told.step: told for told in self.told(batch) if isinstance(told, Over) and not told.was_fenced
        }

    def begun(self, batch):
        return [told.step for told in self.told(batch) if isinstance(told, Begun)]

    def put_back(self, batch):
        return [told.step for told in self.told(batch) if isinstance(told, PutBack)]

    def output(self, batch, step=0):
        files = script.output_of(batch, batch.attempts[step], str(self.folder(batch)))
        return tuple(
            Path(path).read_bytes() if Path(path).exists() else b"" for path in (files.stdout, files.stderr)
        )

    def speaks(self, batch, step=0):
        """Whether the command has begun, and has printed something."""
        files = script.output_of(batch, batch.attempts[step], str(self.folder(batch)))
        return Path(files.stdout).exists() and Path(files.stdout).stat().st_size > 0
