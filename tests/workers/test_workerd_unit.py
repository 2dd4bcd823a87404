"""The sample systemd unit of a Worker in production."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.locks import ROOT
from tests.workers.onprem import CONFIG

UNIT = ROOT / "packaging" / "fogbank-worker.service"
PAGE = ROOT / "docs" / "workerd.md"


def values(key: str) -> list[str]:
    """What the unit sets; a line that ends in a backslash goes on."""
    text = UNIT.read_text().replace("\\\n", " ")
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def test_systemd_reads_it(tmp_path: Path) -> None:
    """Only the program that it starts is put where there is one."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("needs systemd-analyze")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/fogbank-worker/workerd ", "/bin/true "))
    done = subprocess.run(
        [verify, "verify", unit], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_key_is_a_credential_that_the_config_embeds() -> None:
    [credential] = values("LoadCredential")
    name, file = credential.split(":")
    [command] = values("ExecStart")
    assert "-I ${CREDENTIALS_DIRECTORY} " in command
    assert f'embed "/{name}"' in CONFIG.read_text()
    assert file == f"/etc/fogbank/worker/{name}"


def test_the_bundle_is_where_the_config_looks() -> None:
    [command] = values("ExecStart")
    program, verb, *_, config = command.split()
    assert (program, verb) == ("/opt/fogbank-worker/workerd", "serve")
    assert "-I /opt/fogbank-worker/bundle " in command
    assert 'import "/worker.capnp"' in CONFIG.read_text()
    assert config == f"/etc/fogbank/worker/{CONFIG.name}"


def test_it_gives_up_what_a_worker_does_not_need() -> None:
    for key in ("DynamicUser", "NoNewPrivileges", "PrivateDevices", "ProtectHome", "PrivateTmp"):
        assert values(key) == ["yes"]
    assert values("CapabilityBoundingSet") == [""]
    assert not values("MemoryDenyWriteExecute")  # V8 compiles while it runs


def test_the_page_and_the_unit_name_the_same_places() -> None:
    page = PAGE.read_text()
    for place in re.findall(r"/(?:opt|etc)/fogbank[\w./-]*\w", UNIT.read_text()):
        assert place in page or place.endswith("fogbank-worker.service"), place
