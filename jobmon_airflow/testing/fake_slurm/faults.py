"""What can go wrong with the fake's commands: set by name, for once, for some times or until it is lifted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Final


class Fault(StrEnum):
    """A misfortune. ``value`` is what some of them need to know."""

    SBATCH_TIMES_OUT_THOUGH_TAKEN = "sbatch times out though the job was taken"
    SBATCH_TIMES_OUT = "sbatch times out and nothing was taken"
    SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER = "sbatch times out and the job is taken later"  #: value: seconds
    SUBMIT_LIMIT = "the submit limit is reached"
    CONTROLLER_DOWN = "slurmctld does not answer"
    GARBAGE = "a command prints garbage"  #: value: the command; or all of them
    HANGS = "a command hangs"  #: value: seconds, before it answers properly
    SQUEUE_ANSWERS_HALF = "squeue answers half"
    SACCT_ANSWERS_HALF = "sacct answers half"
    SQUEUE_FORGETS = "squeue forgets jobs as soon as they end"
    SACCT_LAGS = "sacct lags behind"  #: value: seconds
    ACCOUNTING_DISABLED = "there is no accounting"
    ACCOUNTING_REFUSED = "slurmdbd refuses connections"
    BOOT_FAIL = "the node of the next job does not boot"


NEEDS: Final[dict[Fault, float | str]] = {
    Fault.SBATCH_TIMES_OUT_AND_IS_TAKEN_LATER: 1.0,
    Fault.HANGS: 5.0,
    Fault.SACCT_LAGS: 2.0,
    Fault.GARBAGE: "",
}
GARBAGE: Final = "\x00\ufffd<html>502 Bad Gateway</html>|||\nslurm_load\n"


@dataclass(slots=True)
class _Set:
    times: int | None
    value: float | str | None


class Faults:
    """Those that are set now."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._set: dict[Fault, _Set] = {}

    def set(self, fault: Fault | str, *, times: int | None = None, value: float | str | None = None) -> None:
        fault = Fault(fault)
        with self._lock:
            self._set[fault] = _Set(times, NEEDS.get(fault) if value is None else value)

    def lift(self, *faults: Fault | str) -> None:
        """Lift these; all of them if none is named."""
        with self._lock:
            for fault in faults or tuple(self._set):
                self._set.pop(Fault(fault), None)

    def strikes(self, fault: Fault) -> bool:
        """Whether it happens now, which counts as one time."""
        with self._lock:
            found = self._set.get(fault)
            if found is None:
                return False
            if found.times is not None:
                found.times -= 1
                if found.times <= 0:
                    del self._set[fault]
            return True

    def seconds(self, fault: Fault) -> float | None:
        """How many seconds it was set with, if it happens now, which counts as one time."""
        value = self.value(fault)
        return float(value or 0) if self.strikes(fault) else None

    def value(self, fault: Fault) -> float | str | None:
        """What it was set with; None if it is not set."""
        with self._lock:
            found = self._set.get(fault)
            return found.value if found else None
