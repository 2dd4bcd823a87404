"""Every packaged model whose weights a profile lacks says so, whatever it is asked."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from fogbank.catalog.catalog import Catalog
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.settings import package_data
from tests.server import Running, running, settings

pytestmark = pytest.mark.anyio
SERVED = "@cf/meta/llama-3.1-8b-instruct"


@pytest.fixture(scope="module")
def packaged() -> Catalog:
    return load_catalog(package_data())


@pytest.fixture
async def fogbank(tmp_path: Path, packaged: Catalog) -> AsyncIterator[Running]:
    """Every packaged card, one of which is served."""
    profile = Profile(
        name="one",
        description="One model.",
        hardware="cpu",
        engines={"text": EngineSpec(engine="fake")},
        models={SERVED: Served(engine="text")},
    )
    with patch("tests.server.catalog", lambda **_: packaged):
        async with running(settings(tmp_path), profile) as it:
            yield it


@pytest.mark.contract("1.1", "2.2", "4", "3.7", "decision 8")
async def test_it_answers_5018_before_anything_is_read(fogbank: Running, packaged: Catalog) -> None:
    """A right body, a wrong one, or raw bytes: what counts is that nobody can compute it."""
    bodies: tuple[dict[str, Any], ...] = (
        {"json": {"prompt": "a fish"}},
        {"json": {}},
        {"content": b"\x89PNG\r\n\x1a\n"},
    )
    for name, card in packaged.cards.items():
        if name == SERVED:
            continue
        for body in bodies:
            response = await fogbank.client.post(
                f"/client/v4/accounts/{'0' * 32}/ai/run/{name}", **body
            )
            (error,) = response.json()["errors"]
            assert (response.status_code, error["code"]) == (403, 5018), name
            assert f"This account is not allowed to access {name}." in error["message"]
            named = packaged.profiles_with(name)
            expected = named[0] if named else "No profile has its weights."
            assert expected in error["message"]
            assert card.name not in fogbank.server.runtime.served


@pytest.mark.parametrize(
    "name",
    [
        "@cf/black-forest-labs/flux-1-schnell",
        "@cf/bytedance/stable-diffusion-xl-lightning",
        "@cf/deepgram/aura-1",
        "@cf/myshell-ai/melotts",
        "@cf/llava-hf/llava-1.5-7b-hf",
        "@cf/unum/uform-gen2-qwen-500m",
        "@cf/facebook/detr-resnet-50",
        "@cf/cloudflare/clef",
    ],
)
@pytest.mark.contract("1.4", "1.5", "3.7")
async def test_a_model_that_no_profile_has_is_listed_with_its_schemas(
    fogbank: Running, name: str
) -> None:
    base = f"/client/v4/accounts/{'0' * 32}/ai/models"
    (row,) = (await fogbank.get(f"{base}/search?include_deprecated=true&search={name}"))["result"]
    assert row["name"] == name
    schemas = (await fogbank.get(f"{base}/schema?model={name}"))["result"]
    assert schemas["input"]["type"] == "object" or "oneOf" in schemas["input"]
    assert schemas["output"]
