"""The figures of the long proofs: printed at the end, saved in the file FOGBANK_VERIFY_OUT."""

import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Record = Callable[..., None]
FIGURES = pytest.StashKey[dict[str, Any]]()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """`record(name=figure, ...)` keeps figures under the name of the test."""
    figures = request.config.stash.setdefault(FIGURES, {})

    def keep(**found: Any) -> None:
        figures.setdefault(request.node.name, {}).update(found)

    return keep


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = config.stash.get(FIGURES, {})
    if not figures:
        return
    machine = {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": sys.version.split()[0],
    }
    text = json.dumps({"machine": machine, "figures": figures}, indent=2)
    terminalreporter.section("figures")
    terminalreporter.write_line(text)
    if out := os.environ.get("FOGBANK_VERIFY_OUT"):
        Path(out).write_text(text + "\n")
