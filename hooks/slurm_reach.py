"""How a Slurm cluster is reached, and whether it answers. Nothing here knows Airflow."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from jobmon_airflow.distributors.slurm import rest_words
from jobmon_airflow.distributors.slurm.ssh import SshAddress, at_hand
from jobmon_airflow.errors import ClusterUnreachable, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobmon_airflow.distributors.slurm.secrets import Kind

TRANSPORTS: Final = ("local", "ssh", "rest")
_WITHIN: Final = 20.0  #: seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmConnection:
    """The way to a Slurm cluster, and what is asked of it where a task does not say."""

    transport: str = "local"
    host: str | None = None
    port: int | None = None
    user: str | None = None
    partition: str | None = None
    account: str | None = None
    reservation: str | None = None
    options: tuple[str, ...] = ()  #: of sbatch, that tasks may use besides the usual ones
    key_file: str | None = None
    known_hosts: str | None = None  #: a file with the keys of hosts that ssh may speak to
    api_version: str | None = None
    spool: str | None = None  #: a folder that the nodes share with us, or with the host that ssh leads to
    token: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)  #: for ssh, where there is no file
    host_key: str | None = None  #: the host's, where there is no file
    checks_host: bool = True

    def __post_init__(self) -> None:
        if self.transport not in TRANSPORTS:
            raise InvalidSetting(
                f"There is no way to Slurm called '{self.transport}'.",
                remedy=f"Choose one of {', '.join(TRANSPORTS)}.",
            )
        if self.transport != "local" and not self.host:
            raise InvalidSetting(
                f"The way to Slurm is '{self.transport}', but to no host.", remedy="Fill in the host."
            )

    def parameters(self) -> dict[str, Any]:
        """What is known and no secret, as JSON can carry it."""
        known = {
            "transport": self.transport,
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "partition": self.partition,
            "account": self.account,
            "reservation": self.reservation,
            "options": list(self.options),
            "key_file": self.key_file,
            "known_hosts": self.known_hosts,
            "api_version": self.api_version,
            "spool": self.spool,
            "host_key": self.host_key,
            "checks_host": None if self.checks_host else False,
        }
        return {name: value for name, value in known.items() if value not in (None, [])}

    def secrets(self) -> dict[Kind, str]:
        """What lets us in, by its kind."""
        known: dict[Kind, str | None] = {"token": self.token, "key": self.private_key}
        return {kind: secret for kind, secret in known.items() if secret}


def ping(to: SlurmConnection) -> str:
    """What Slurm answers; an error if it does not."""
    match to.transport:
        case "local":
            return _asked(["scontrol", "ping"], "this machine")
        case "ssh":
            with at_hand(address_of(to)) as address:
                return _asked([*address.words(), "scontrol ping"], str(to.host))
        case _:
            return _asked_by_rest(to)


def address_of(to: SlurmConnection) -> SshAddress:
    """Where ssh leads to."""
    return SshAddress(
        host=str(to.host),
        port=to.port,
        user=to.user,
        key_file=to.key_file,
        private_key=to.private_key,
        known_hosts=to.known_hosts,
        host_key=to.host_key,
        checks_host=to.checks_host,
    )


# --- by its commands --------------------------------------------------------------------------------------------


def _asked(command: Sequence[str], where: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_WITHIN, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise ClusterUnreachable(
            f"There is no command '{command[0]}' on this machine.",
            remedy="Install Slurm's commands (slurm-client), or reach the cluster by ssh or rest."
            if command[0] == "scontrol"
            else "Install an SSH client (openssh-client).",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ClusterUnreachable(
            f"Slurm did not answer on {where} within {_WITHIN:g} seconds.",
            remedy="Try it there: scontrol ping.",
        ) from error
    said = done.stdout.strip() or done.stderr.strip() or "nothing"
    if done.returncode == 0 and "UP" in done.stdout:
        return said
    raise ClusterUnreachable(
        f"Slurm does not answer on {where}. `{command[-1] if len(command) > 2 else 'scontrol ping'}` said "
        f"(exit code {done.returncode}): {(done.stderr.strip() or said)[:500]}",
        remedy="Is slurmctld up, and is this its host?"
        if command[0] == "scontrol"
        else "Try it by hand, as the user whom the worker runs as: ssh needs a key that asks for no passphrase, "
        "and a known host.",
    )


# --- by slurmrestd ------------------------------------------------------------------------------------------------


class _NoRedirect(HTTPRedirectHandler):
    """A token is sent to the host that was named, and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _asked_by_rest(to: SlurmConnection) -> str:
    base = rest_words.base(str(to.host), to.port)
    version = to.api_version or rest_words.newest_version(_fetched(to, f"{base}/openapi/v3"), base)
    answer = _fetched(to, f"{base}/slurm/{version}/ping")
    if up := rest_words.up(answer):
        return f"slurmctld on {up.get('hostname', 'its host')} is UP, by {base}, {version}"
    raise ClusterUnreachable(
        f"slurmrestd at {base} answers, but slurmctld does not: "
        f"{rest_words.complaints(answer)[:500] or 'no controller'}",
        remedy="Is slurmctld up? Is the token still valid? `scontrol token lifespan=86400` makes another.",
    )


def _fetched(to: SlurmConnection, url: str) -> dict[str, Any]:
    request = Request(url, headers=rest_words.headers(to.user, to.token))  # noqa: S310 - see rest_words.base
    try:
        with build_opener(_NoRedirect).open(request, timeout=_WITHIN) as answer:
            found = json.loads(answer.read())
    except HTTPError as error:
        raise ClusterUnreachable(
            f"{url} answers {error.code} {error.reason}.", remedy=_remedy(error)
        ) from error
    except (URLError, OSError) as error:
        raise ClusterUnreachable(
            f"{url} does not answer: {getattr(error, 'reason', error)}.",
            remedy="Is slurmrestd up, and may this machine reach it?",
        ) from error
    except ValueError as error:
        raise ClusterUnreachable(f"{url} answers with no JSON.", remedy="Is this a slurmrestd?") from error
    return found if isinstance(found, dict) else {}


def _remedy(error: HTTPError) -> str:
    if error.code == 404:
        return "This version of the API is not there; leave api_version empty to have the newest."
    # An invalid token makes slurmrestd say 500, since it cannot load slurmctld's configuration.
    return "Its user (login) and token (password) may be missing or too old: scontrol token lifespan=86400"
