"""How slurmrestd is addressed, and what its values mean in all the shapes that its versions give them. Pure.

https://slurm.schedmd.com/rest_api.html describes the newest; v0.0.38 is Slurm 22.05's. Numbers became
``{"set": …, "infinite": …, "number": …}``, words became lists of words, exit codes became structures.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from jobmon_airflow.distributors.slurm import reading
from jobmon_airflow.distributors.slurm.seam import State
from jobmon_airflow.errors import ClusterUnreachable, InvalidSetting

Json = dict[str, Any]

PORT: Final = 6820
_VERSIONED: Final = re.compile(r"/slurm/(v\d+\.\d+\.(\d+))/ping/?$")
_VERSION: Final = re.compile(r"v\d+\.\d+\.(\d+)")
_NO_NUMBER: Final = frozenset({-1, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE})

# --- address --------------------------------------------------------------------------------------------------------


def base(host: str, port: int | None) -> str:
    """The address of a slurmrestd; without a word about it, http and Slurm's own port."""
    address = host.rstrip("/")
    if "://" not in address:
        address = f"http://{address}"
    if not address.startswith(("http://", "https://")):
        raise InvalidSetting(
            f"'{address}' is no address of a slurmrestd.", remedy="Write a host, or https:// and a host."
        )
    if urlsplit(address).port is None and (port or address.startswith("http://")):
        address = f"{address}:{port or PORT}"
    return address


def headers(user: str | None, token: str | None) -> dict[str, str]:
    """Who asks, and the proof of it."""
    said = {"X-SLURM-USER-NAME": user, "X-SLURM-USER-TOKEN": token, "Accept": "application/json"}
    return {name: value for name, value in said.items() if value}


def newest_version(openapi: Json, where: str) -> str:
    """The newest version of the API that `/openapi/v3` lists."""
    found = [match for path in openapi.get("paths") or {} if (match := _VERSIONED.search(path))]
    if not found:
        raise ClusterUnreachable(
            f"{where} does not say which versions of Slurm's API it has.",
            remedy="Name one in the connection (api_version, such as v0.0.42), or is this no slurmrestd?",
        )
    return max(found, key=lambda match: int(match[2]))[1]


def number_of(version: str) -> int:
    """38 of v0.0.38."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise InvalidSetting(
            f"'{version}' is no version of Slurm's API.", remedy="Write it as v0.0.42, or leave it out."
        )
    return int(found[1])


def up(answer: Json) -> Json | None:
    """The first of the controllers that answer a ping."""
    return next(
        (
            ping
            for ping in answer.get("pings") or []
            if ping.get("ping") == "UP" or ping.get("pinged") == "UP" or ping.get("responding") is True
        ),
        None,
    )


def complaints(answer: Json) -> str:
    """What went wrong, in Slurm's words."""
    said = (
        word
        for error in answer.get("errors") or []
        for word in (error.get("description"), error.get("error"))
        if word
    )
    return "; ".join(dict.fromkeys(map(str, said)))


# --- values ---------------------------------------------------------------------------------------------------------


def number(value: Any) -> int | None:
    """A number, if it is set and finite."""
    if isinstance(value, dict):
        value = None if not value.get("set", True) or value.get("infinite") else value.get("number")
    if isinstance(value, bool) or not isinstance(value, int | float) or value in _NO_NUMBER:
        return None
    return int(value)


def word(value: Any) -> str:
    """A state: the word, or the word of several that says most. Flags come after the state that they are about."""
    if not isinstance(value, list):
        return str(value or "")
    flags = [each for each in value[1:] if reading.state(each) is not State.UNKNOWN]
    return str(flags[0] if flags else value[0]) if value else ""


def exit_and_signal(value: Any) -> tuple[int, int]:
    """Exit code and signal of a raw status of wait(2), or of a structure."""
    if not isinstance(value, dict) or "number" in value:
        status = number(value) or 0
        return status >> 8, status & 0x7F
    signal = value.get("signal") or {}
    named = number(signal.get("signal_id", signal.get("id")))
    return number(value.get("return_code")) or 0, named or 0


def moment(value: Any) -> datetime | None:
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
