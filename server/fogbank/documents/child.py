"""The process that reads one document: job and document on stdin, its text on stdout.

It starts with an empty environment and bounds on memory and processor time, and once its libraries
are loaded it can open no connection, start or end no program and change no file: a document that
takes it over finds little to do. It may read what the server's user may read.
"""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

REFUSED = (
    *("socket.", "subprocess.", "ctypes.", "shutil.", "sqlite3."),
    *("os.exec", "os.fork", "os.posix_spawn", "os.system", "os.kill"),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink"),
    *("os.truncate", "os.chmod", "os.chown"),
)
LONGEST_ERROR = 500
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def main() -> None:
    """Reads `{kind, name, options, seconds, memory}` in one line, then the document to its end.

    Writes `{data}` or `{error}`.
    """
    job = json.loads(sys.stdin.buffer.readline())
    _bound(job["memory"], job["seconds"])
    try:
        answer = _answer(job, sys.stdin.buffer.read())
    except MemoryError:
        answer = {"error": "it needs more memory than a document may have"}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))


def _answer(job: dict[str, Any], data: bytes) -> dict[str, str]:
    from fogbank.documents.convert import convert, reader
    from fogbank.documents.errors import Unreadable
    from fogbank.documents.options import Options

    read, options = reader(job["kind"]), Options(**job["options"])
    sys.addaudithook(_refuse)
    try:
        return {"data": convert(read, job["name"], data, options)}
    except Unreadable as error:
        return {"error": str(error)[:LONGEST_ERROR]}
    except MemoryError:
        raise
    except RecursionError:
        return {"error": "it is nested too deep"}
    except Exception as error:  # a library that stumbles over a broken file may raise anything
        return {"error": f"it is broken: {type(error).__name__}"}


def _bound(memory: int, seconds: int) -> None:
    """Bytes of address space and seconds of processor time; not every system has both bounds."""
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for limit, value in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(REFUSED):
        raise PermissionError(event)
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        raise PermissionError(event)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
