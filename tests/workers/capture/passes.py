"""One pass: a Worker makes every recorded call, in the order of the record."""

from collections.abc import Collection
from typing import Any

import httpx2

from tests.workers.capture.recorded_answers import RecordedAnswers
from tests.workers.capture.recording import HERE, recording

WORKER = HERE / "worker.mjs"
SECONDS = 30

Seen = dict[str, dict[str, Any]]


async def whole_pass(worker: str, answers: RecordedAnswers, untried: Collection[str] = ()) -> Seen:
    """What the Worker at this address saw of each call but those in `untried`."""
    async with httpx2.AsyncClient(base_url=worker, trust_env=False, timeout=SECONDS) as web:
        assert (await web.get("/")).json() == list(recording()), "not the recorded calls"
        tried = [name for name in recording() if name not in untried]
        return {name: await _one(web, answers, name) for name in tried}


async def _one(web: httpx2.AsyncClient, answers: RecordedAnswers, name: str) -> dict[str, Any]:
    answers.now = name
    told = await web.get(f"/case/{name}")
    assert told.status_code == 200, f"{name}: {told.text}"
    seen: dict[str, Any] = told.json()
    return seen
