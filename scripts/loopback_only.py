"""Runs a command where there is no network: in a network namespace that has loopback and no more.

    python scripts/loopback_only.py make example NAME=chat

For Linux with `unshare` (util-linux), where users may make namespaces. It needs no rights. The
command sees itself as root, and has no way out, whatever it is told.
"""

import fcntl
import os
import shutil
import socket
import struct
import sys
from typing import NoReturn

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
REQUEST = "16sH14x"  # struct ifreq: a name, the flags
INSIDE = "--inside"


def main(arguments: list[str]) -> NoReturn:
    """Becomes the command; ends with status 125 where that cannot be."""
    if not arguments:
        _refuse(f"which command? {sys.argv[0]} COMMAND [ARGUMENT...]")
    if arguments[0] != INSIDE:
        unshare = shutil.which("unshare")
        if unshare is None:
            _refuse("there is no `unshare` here; Linux has it in the package util-linux")
        here = (sys.executable, os.path.abspath(__file__), INSIDE)
        os.execv(unshare, (unshare, "--user", "--map-root-user", "--net", *here, *arguments))
    _set_up("lo")
    up = [name for _, name in socket.if_nameindex() if _flags(name) & IFF_UP]
    if up != ["lo"]:
        _refuse(f"not only loopback is up: {up}")
    os.execvp(arguments[1], arguments[1:])


def _set_up(name: str) -> None:
    _ioctl(SIOCSIFFLAGS, name, _flags(name) | IFF_UP)


def _flags(name: str) -> int:
    return _ioctl(SIOCGIFFLAGS, name, 0)


def _ioctl(request: int, name: str, flags: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack(REQUEST, name.encode(), flags)
        _, answered = struct.unpack(REQUEST, fcntl.ioctl(any_socket, request, asked))
    return int(answered)


def _refuse(why: str) -> NoReturn:
    print(f"loopback_only: {why}", file=sys.stderr)
    sys.exit(125)


if __name__ == "__main__":
    main(sys.argv[1:])
