"""What stands on the PATH as sbatch, squeue and so on: hands its words to the fake, and prints what that answers.

Run as a program, with nothing imported that takes time: ``python -I -S client.py SOCKET COMMAND WORD...``.
"""

from __future__ import annotations

import marshal
import os
import sys
from _socket import AF_UNIX, SOCK_STREAM
from _socket import socket as Socket  # noqa: N812 - half of the time of a command would go into `import socket`


def main() -> int:
    where, command, *words = sys.argv[1:]
    service = Socket(AF_UNIX, SOCK_STREAM)
    service.connect(where)
    here = os.getcwd()  # noqa: PTH109 - pathlib takes longer than all the rest
    _say(service, (command, words, dict(os.environ), here, os.getuid()))
    answer = _hear(service)
    if answer is None:  # it wants the script
        _say(service, sys.stdin.buffer.read())
        answer = _hear(service)
    assert isinstance(answer, tuple)
    code, out, err = answer
    sys.stdout.write(out)
    sys.stderr.write(err)
    return int(code)


def _say(service: Socket, what: object) -> None:
    text = marshal.dumps(what)  # type: ignore[arg-type]
    service.sendall(len(text).to_bytes(8, "big") + text)


def _hear(service: Socket) -> object:
    size = int.from_bytes(_bytes(service, 8), "big")
    return marshal.loads(_bytes(service, size))  # noqa: S302 - from the process that made this program


def _bytes(service: Socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size:
        more = service.recv(size - len(heard))
        if not more:
            sys.exit("The fake Slurm is gone.")
        heard += more
    return heard


if __name__ == "__main__":
    sys.exit(main())
