"""The Worker of this suite makes the recorded calls, and tells what it sees as it was recorded.

It talks to the recorded answers, not to Fogbank: where this fails, the suite is wrong.
"""

import re
from pathlib import Path

import pytest

from tests.workers.capture.comparison import differences
from tests.workers.capture.passes import WORKER, whole_pass
from tests.workers.capture.recording import Sent, needs_recording, recording
from tests.workers.capture.server import served
from tests.workers.tools import needs_workers
from tests.workers.worlds import WORKERD

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers, needs_recording]
OWN = {"sec-websocket-key", "content-length", "cf-aig-request-timeout", "x-fogbank-fault"}
"""Headers with another value at every call, and this suite's own."""
OWN_WORDS = ',"description":"c"'


async def test_the_record_is_reproduced(tmp_path: Path) -> None:
    calls = recording()
    async with served(tmp_path, calls) as (url, answers):
        async with WORKERD.worker(url, tmp_path, WORKER) as tool:
            seen = await whole_pass(tool.url, answers)
    found = {name: differences(calls[name].seen, seen[name]) for name in calls}
    assert {name: lines for name, lines in found.items() if lines} == {}
    recorded = {name: _telling(call.request) for name, call in calls.items() if call.request}
    assert {name: _telling(request) for name, request in answers.sent.items()} == recorded


def _telling(sent: Sent) -> tuple[str, str, dict[str, str], str]:
    """A request but for what differs each time: the boundary of a form, the key of a socket."""
    headers = {name: _bounded(value) for name, value in sent.headers.items() if name not in OWN}
    return (
        sent.method,
        sent.path,
        headers,
        _bounded(sent.body.decode("latin1").replace(OWN_WORDS, "")),
    )


def _bounded(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{32}\b", "BOUNDARY", text)
