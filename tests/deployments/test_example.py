"""examples/deployment: a third deployment, as docs/deployments.md says to write one."""

import sys
from pathlib import Path

import pytest

from fogbank.deployments.description import load_descriptions
from fogbank.settings import package_data
from tests.server import TEXT, profile, running, settings

EXAMPLE = Path(__file__).parents[2] / "examples" / "deployment"

pytestmark = pytest.mark.anyio


async def test_the_glossary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deployments").mkdir()
    text = (EXAMPLE / "glossary.yaml").read_text()
    named = text.replace("@cf/meta/llama-3.1-8b-instruct", TEXT)
    assert named != text
    (tmp_path / "deployments" / "glossary.yaml").write_text(named)
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.delitem(sys.modules, "glossary", raising=False)
    found = load_descriptions(package_data(), tmp_path)
    only = {"glossary": found["glossary"]}

    said = '{"meaning":"Power over time.","level":"beginner"}'
    served = profile(options={"answer": lambda request: said})
    async with running(settings(tmp_path), served, deployments=only) as fogbank:
        answer = await fogbank.client.get("/glossary/words/energy")
        long = await fogbank.client.get("/glossary/words/" + "x" * 61)
        fogbank.engine.refuse("it will not")
        failed = await fogbank.client.get("/glossary/words/energy")
        elsewhere = await fogbank.client.get("/glossaryx/words/energy")

    assert answer.status_code == 200
    assert answer.json()["meaning"] == "Power over time."
    assert answer.json()["word"] == "energy"
    assert (long.status_code, failed.status_code) == (400, 400)
    assert "it will not" in failed.json()["error"]
    assert elsewhere.json()["errors"][0]["code"] == 7003


def test_it_is_described_in_the_docs() -> None:
    docs = (EXAMPLE.parents[1] / "docs" / "deployments.md").read_text()
    assert (EXAMPLE / "glossary.yaml").read_text().strip() in docs
