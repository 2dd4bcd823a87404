"""What is set for wrangler, by either way."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from fogbank.cli.redirection import NO_KEY, NOBODY, Destination, by_preload, by_proxy
from tests.clients.programs import needs_node

ACCOUNT = "0123456789abcdef0123456789abcdef"
KEYLESS = Destination("http://127.0.0.1:9", None, ACCOUNT)
KEYED = Destination("http://127.0.0.1:9", "fog_secret", ACCOUNT)
PRELOAD = Path("/x/preload.cjs")


def test_by_preload() -> None:
    assert by_preload(KEYED, PRELOAD, {"CLOUDFLARE_API_TOKEN": "the user's"}) == {
        "NODE_OPTIONS": "--require /x/preload.cjs",
        "FOGBANK_URL": "http://127.0.0.1:9",
        "FOGBANK_KEY": "fog_secret",
        "WRANGLER_SEND_METRICS": "false",
        "WRANGLER_SEND_ERROR_REPORTS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
    }
    assert "FOGBANK_KEY" not in by_preload(KEYLESS, PRELOAD, {})


def test_the_users_options_of_node_stay_and_ours_come_once() -> None:
    once = by_preload(KEYLESS, PRELOAD, {"NODE_OPTIONS": "--enable-source-maps"})
    assert once["NODE_OPTIONS"] == "--enable-source-maps --require /x/preload.cjs"
    assert by_preload(KEYLESS, PRELOAD, once)["NODE_OPTIONS"] == once["NODE_OPTIONS"]


@needs_node
@pytest.mark.parametrize("name", ["plain", "with space", 'with "quotes"', "back\\slash", "Ümlaut"])
def test_node_finds_a_preload_with_any_name(tmp_path: Path, name: str) -> None:
    preload = tmp_path / name / "preload.cjs"
    preload.parent.mkdir()
    preload.write_text("console.log('loaded')")
    changed = by_preload(KEYLESS, preload, {})
    printed = subprocess.run(
        ["node", "-e", "0"],
        env={"PATH": os.environ["PATH"], **changed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == "loaded\n"


def test_by_proxy() -> None:
    assert by_proxy(KEYLESS, {}) == {
        "CLOUDFLARE_API_BASE_URL": "http://127.0.0.1:9/client/v4",
        "CLOUDFLARE_API_TOKEN": NO_KEY,
        "CLOUDFLARE_API_KEY": NO_KEY,
        "CLOUDFLARE_EMAIL": NOBODY,
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
        "FOGBANK_URL": "http://127.0.0.1:9",
        "WRANGLER_SEND_METRICS": "false",
        "WRANGLER_SEND_ERROR_REPORTS": "false",
        "CLOUDFLARE_CF_FETCH_ENABLED": "false",
    }
    keyed = by_proxy(KEYED, {})
    assert keyed["CLOUDFLARE_API_TOKEN"] == keyed["CLOUDFLARE_API_KEY"] == "fog_secret"


def test_no_secret_of_the_user_reaches_the_server() -> None:
    own = {
        "CLOUDFLARE_API_TOKEN": "secret",
        "CLOUDFLARE_API_KEY": "secret",
        "CLOUDFLARE_EMAIL": "secret",
        "HTTPS_PROXY": "http://secret@proxy",
        "CLOUDFLARE_ACCOUNT_ID": "the user's",
        "WRANGLER_SEND_METRICS": "true",
    }
    changed = by_proxy(KEYLESS, own)
    after = {**own, **changed}
    assert "secret" not in json.dumps(after)
    # What is empty, a wrangler of these releases fills from the project's .env.
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"):
        assert after[name]
    assert after["HTTPS_PROXY"] == ""
    assert "http_proxy" not in changed
    assert (after["CLOUDFLARE_ACCOUNT_ID"], after["WRANGLER_SEND_METRICS"]) == (
        "the user's",
        "true",
    )
