"""Every line is of one form, whoever writes it."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from fogbank.telemetry import logs


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    logging.captureWarnings(False)  # another test may have left it on
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    structlog.reset_defaults()


def test_lines_of_libraries_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger("fogbank.x").info("ours", id=7)
    logging.getLogger("uvicorn.error").warning("of %s", "a library")
    logging.getLogger("uvicorn.error").info("nobody asked")
    for useless in logs.UPGRADES:
        logging.getLogger("uvicorn.error").warning(f"{useless} Please install one")
    try:
        raise ValueError("it broke")
    except ValueError:
        logging.getLogger("asyncio").exception("theirs")
        structlog.get_logger("fogbank.x").exception("also ours")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("be warned", stacklevel=1)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = [(line["level"], line.get("logger"), line["event"]) for line in lines[:4]]
    assert told == [
        ("info", None, "ours"),
        ("warning", "uvicorn.error", "of a library"),
        ("error", "asyncio", "theirs"),
        ("error", None, "also ours"),
    ]
    assert all("ValueError: it broke" in line["exception"] for line in lines[2:4])
    assert "be warned" in lines[4]["event"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


@pytest.mark.parametrize("form", ["console", "auto"])
def test_lines_for_people(capsys: pytest.CaptureFixture[str], form: logs.Format) -> None:
    logs.configure("warning", form)
    structlog.get_logger("fogbank.x").info("not told")
    structlog.get_logger("fogbank.x").warning("ours")
    try:
        raise ValueError("it broke")
    except ValueError:
        logging.getLogger("theirs").exception("a library's")
    text = capsys.readouterr().err
    assert "not told" not in text
    assert "ours" in text
    assert "ValueError: it broke" in text
    assert text.startswith("{") is (form == "auto")


def test_a_closed_stream_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure("info", "json")
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr("sys.stderr", gone)
    structlog.get_logger("test").info("nobody reads this")
    logging.getLogger("library").error("nor this")
    assert gone.closed
