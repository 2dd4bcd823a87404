"""The developers' three wishes in a recorded run: no login, no network, no edit."""

import re
import sys
from pathlib import Path

import pytest

from fogbank.settings import Settings
from tests.cli.console import write_catalog
from tests.server import TEXT
from tests.workers.namespace import ROOT, skip_without_namespaces, within
from tests.workers.tools import environment, needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
RUN = (sys.executable, str(ROOT / "scripts" / "offline_run.py"))
TOML = """name = "unchanged"
main = "worker.js"
compatibility_date = "2025-07-01"

[ai]
binding = "AI"
"""
WORKER = f"""export default {{
  async fetch(request, env) {{
    return Response.json(await env.AI.run("{TEXT}", await request.json()));
  }},
}};
"""
WISHES = (
    "$ tail -n +3 /proc/net/dev | cut -d: -f1\n    lo\n$ curl",
    "curl: (6) Could not resolve host: api.cloudflare.com",
    "$ ls -A \"$HOME\"\n$ env | grep --ignore-case --extended-regexp 'cloudflare|proxy'\n\n",
    "worker.js: OK\nwrangler.toml: OK\n$ ls -A\n.wrangler\nworker.js\nwrangler.toml\n",
)
"""Nothing but loopback, nobody to be reached, nobody logged in, nothing edited."""


@pytest.fixture(autouse=True)
def namespaces() -> None:
    skip_without_namespaces()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "unchanged"
    folder.mkdir()
    (folder / "worker.js").write_text(WORKER)
    (folder / "wrangler.toml").write_text(TOML)
    return folder


async def test_three_wishes(project: Path, tmp_path: Path) -> None:
    data = write_catalog(tmp_path / "data")
    env = environment(tmp_path, FOGBANK_DATA_DIR=str(data), FOGBANK_PROFILE="test")
    question = ("--path", "/", "--body", '{"prompt": "say this back"}')
    status, said = await within(*RUN, "--project", str(project), *question, env=env)
    assert status == 0, said
    for wish in WISHES:
        assert wish in said
    assert "env.AI         AI            Fogbank" in said
    assert '{"response":"say this back"' in said
    assert str(tmp_path) not in said


@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.verify
async def test_the_chat_example_on_real_models(tmp_path: Path) -> None:
    env = environment(tmp_path, FOGBANK_DATA_DIR=str(Settings().data_dir))
    status, said = await within(*RUN, env=env)
    assert status == 0, said
    spoken = "".join(re.findall(r'"response":"([^"]*)"', said))
    assert "Paris" in spoken, said
    assert said.endswith("worker.js\nwrangler.toml\n")
