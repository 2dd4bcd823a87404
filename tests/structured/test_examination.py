"""One job at a time, each in its time; a process that is lost is replaced."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.structured import examination
from fogbank.structured.examination import Busy, Examination, Lost

pytestmark = pytest.mark.anyio

JOB = {"backend": "llguidance", "levels": [[None, None, False]], "schema": '{"type":"null"}'}
IDLE = """
import sys
for number, line in enumerate(sys.stdin.buffer):
    if number:
        {then}
    print("{{}}", flush=True)
"""


@pytest.fixture
def examined() -> Iterator[Examination]:
    made = Examination()
    yield made
    made.close()


def behave(monkeypatch: pytest.MonkeyPatch, folder: Path, then: str) -> None:
    """Another process in its place, which does this with every job but the first."""
    program = folder / "examiner.py"
    program.write_text(IDLE.format(then=then), encoding="utf-8")
    monkeypatch.setattr(examination, "_PROGRAM", program)


def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()


async def test_it_is_one_process(examined: Examination) -> None:
    first = await examined.ask(JOB)
    process = examined._process
    assert first["after"] == []
    assert await examined.ask(JOB) == first
    assert examined.ask_now(JOB) == first
    assert examined._process is process


async def test_a_job_that_takes_too_long_is_lost_and_the_next_is_not(
    examined: Examination, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    behave(monkeypatch, tmp_path, "sys.stdin.read()")
    monkeypatch.setattr(examination, "SECONDS", 0.2)
    with pytest.raises(Lost):
        await examined.ask(JOB)
    assert examined._process is None
    as_it_was(monkeypatch)
    assert "constraints" in await examined.ask(JOB)


@pytest.mark.parametrize(
    "then",
    [
        "sys.exit(1)",
        "sys.stdout.write('{'); sys.exit(0)",
        "import os; os.close(1); sys.stdin.read()",
    ],
)
async def test_a_process_that_ends_in_a_job(
    examined: Examination, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, then: str
) -> None:
    behave(monkeypatch, tmp_path, then)
    with pytest.raises(Lost):
        await examined.ask(JOB)
    as_it_was(monkeypatch)
    assert "constraints" in await examined.ask(JOB)


async def test_a_process_that_was_killed_between_jobs(examined: Examination) -> None:
    await examined.ask(JOB)
    process = examined._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert "constraints" in await examined.ask(JOB)


async def test_a_process_that_cannot_be_started(
    examined: Examination, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(examination, "_PROGRAM", tmp_path / "missing.py")
    with pytest.raises(Lost):
        await examined.ask(JOB)


async def test_answers_come_to_those_who_asked(examined: Examination) -> None:
    jobs: list[dict[str, Any]] = [
        {"schema": f'{{"const":{at}}}', "verify": str(at % 3)} for at in range(40)
    ]
    told = await asyncio.gather(*map(examined.ask, jobs))
    assert [one["problem"] is None for one in told] == [at < 3 for at in range(40)]


async def test_beyond_what_may_wait_it_is_busy(
    examined: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "MAX_WAITING", 3)
    told = await asyncio.gather(*(examined.ask(JOB) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in told] == [dict, dict, dict, Busy, Busy]
    assert "constraints" in await examined.ask(JOB)


async def test_who_goes_away_makes_room(
    examined: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "MAX_WAITING", 1)
    task = asyncio.create_task(examined.ask(JOB))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "constraints" in await examined.ask(JOB)


async def test_closed_it_starts_anew(examined: Examination) -> None:
    await examined.ask(JOB)
    examined.close()
    assert examined._process is None
    examined.close()
    assert "constraints" in await examined.ask(JOB)
