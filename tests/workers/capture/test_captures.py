"""Every recorded call against Fogbank, under every tool: the Worker sees what was recorded."""

from pathlib import Path

import pytest

from tests.workers.capture.comparison import differences
from tests.workers.capture.deviations import (
    DEVIATIONS,
    OLD_RUNTIME,
    REPLAYED,
    UNTRIED_3,
    UNTRIED_44,
    WRANGLER_3,
)
from tests.workers.capture.passes import WORKER, Seen, whole_pass
from tests.workers.capture.recording import needs_recording, recording
from tests.workers.capture.server import served
from tests.workers.tools import NEWEST, W3, W44, W47, W86, Wrangler, needs_node_22, needs_workers
from tests.workers.worlds import Kind, World

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers, needs_recording]
WAYS: dict[Kind, tuple[Wrangler, ...]] = {
    "workerd": (W47, W86, NEWEST),
    "miniflare": (W47, W86, NEWEST),
    "preload": (W47, W86, NEWEST),
    "unsafe": (W86, NEWEST),
    "api": (W3, W44),
}
LONG: set[tuple[Kind, Wrangler]] = {
    ("workerd", W47),
    ("miniflare", W47),
    ("unsafe", W86),
    ("unsafe", NEWEST),
    ("api", W44),
}
"""Left to `make verify`: what they show, another way shows with the same tool."""
WORLDS = [
    pytest.param(
        World(kind, wrangler),
        id=f"{kind}-{wrangler.release}",
        marks=[needs_node_22] * (wrangler is NEWEST)
        + [pytest.mark.verify] * ((kind, wrangler) in LONG),
    )
    for kind, wranglers in WAYS.items()
    for wrangler in wranglers
]
UNTRIED = {W3: UNTRIED_3, W44: UNTRIED_44}


@pytest.mark.contract("6.1", "6.2", "6.3", "6.4", "6.5")
@pytest.mark.parametrize("world", WORLDS)
async def test_the_worker_sees_what_was_recorded(world: World, tmp_path: Path) -> None:
    async with served(tmp_path / "data", REPLAYED) as (url, answers):
        async with world.worker(url, tmp_path, WORKER) as tool:
            seen = await whole_pass(tool.url, answers, UNTRIED.get(world.wrangler, {}))
    assert _not_as_recorded(seen, world.wrangler) == {}


def _not_as_recorded(seen: Seen, wrangler: Wrangler) -> dict[str, list[str]]:
    """What differs by call, but for the deviations; a deviation that no longer is one does too."""
    deviations = DEVIATIONS
    if wrangler in (W3, W44, W47):
        deviations = deviations | OLD_RUNTIME
    if wrangler is W3:
        deviations = deviations | WRANGLER_3
    recorded = {name: call.seen for name, call in recording().items()}
    found = {}
    for name, told in seen.items():
        lines = differences(recorded[name], told)
        if name in deviations:
            stale = [] if lines else ["as recorded after all"]
            lines = stale + differences(deviations[name].expected(recorded, name), told)
        if lines:
            found[name] = lines
    return found
