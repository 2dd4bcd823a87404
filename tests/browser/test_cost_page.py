"""A cost report's page in headless Chromium, from a file: wide, narrow, light, dark, printed."""

from pathlib import Path

import pytest

from fogbank.cost.page import page
from tests.browser.chromium import browse, needs_chromium
from tests.cost.page_reports import LARGE, SMALL, told, use

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_chromium]

USES = [
    use(day, model, key=key, prompt_tokens=90_000_000, completion_tokens=20_000_000, requests=9000)
    for day in range(30)
    for model, key in (
        (SMALL, "a-planner-with-quite-a-long-name-for-a-key"),
        (LARGE, None),
        ("@cf/facebook/bart-large-cnn", "chat"),
    )
]
USES.append(use(0, LARGE, requests=1_234_567_890, unpriced=1_234_567))


async def test_it_is_read_and_printed_everywhere(tmp_path: Path) -> None:
    file = tmp_path / "cost.html"
    file.write_text(page(told(USES, "owned-2xh100")), encoding="utf-8")
    found = await browse("cost_page.mjs", file.as_uri())
    assert (found["errors"], found["outside"]) == ([], [])
    assert found["requests"] >= 4
    assert len(found["seen"]) == 4
    grounds = {"light": "rgb(243, 246, 247)", "dark": "rgb(14, 22, 26)"}
    for each in found["seen"]:
        assert (each["overflow"], each["violations"], each["charts"]) == (0, [], 4), each
        assert each["ground"] == grounds[each["colorScheme"]]
    printed = found["printed"]
    assert printed["ground"] == "rgb(255, 255, 255)"
    assert (printed["overflow"], printed["charts"]) == (0, 4)
    assert 2 <= printed["pages"] <= 8
