"""The process that looks at formats first: a job in one line on stdin, what came of it in one line.

A hostile schema can cost seconds, gigabytes or the process that reads it. This one may be lost.
"""

import contextlib
import resource
import sys
from pathlib import Path

MEMORY = 2 * 1024**3
"""Bytes of address space."""


def main() -> None:
    """Answers jobs until its input ends."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import orjson

    from fogbank.structured.preparation import answer

    limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    for limit, value in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    for line in sys.stdin.buffer:
        try:
            told = orjson.dumps(answer(orjson.loads(line)))
        except (orjson.JSONEncodeError, RecursionError, MemoryError):
            told = orjson.dumps({"refused": "is too deep or too large to be read"})
        sys.stdout.buffer.write(told + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
