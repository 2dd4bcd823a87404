"""The verbs of the Makefile, dry."""

import os
import re
import shutil
import subprocess

import pytest

from tests.packaging.locks import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
VERBS = ("serve", "test", "verify", "lint", "fmt", "bench", "locks", "clean")


def make(*arguments: str) -> str:
    """What make would run or, without -n, what it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env={**kept, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_make_alone_lists_every_verb_with_its_comment() -> None:
    listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", make(), re.MULTILINE))
    assert set(VERBS) <= set(listed)
    assert all(text.endswith(".") for text in listed.values())


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_can_be_run_dry(verb: str) -> None:
    assert make("-n", verb).strip()


def test_serve_sets_up_without_the_tools_and_then_serves() -> None:
    steps = make("-n", "serve", "ARGS=--port 9000")
    setup, serve = steps.index("scripts/setup.py"), steps.index("fogbank serve --port 9000")
    assert setup < serve
    assert "--dev" not in steps


def test_test_sets_up_pulls_the_models_and_ends_with_pytest() -> None:
    steps = make("-n", "test").strip()
    order = [steps.index(step) for step in ("--dev", "pull --profile embedded", "/pytest")]
    assert order == sorted(order)
    assert "/pytest" in steps.splitlines()[-1]


@pytest.mark.parametrize("extra", ["cpu", "gpu", "transformers", "none"])
def test_the_engines_can_be_chosen(extra: str) -> None:
    assert f"--extra {extra} " in make("-n", "setup", f"EXTRA={extra}")


def test_torchs_index_can_be_chosen() -> None:
    assert "--torch-index file:///mirror" in make("-n", "setup", "TORCH_INDEX=file:///mirror")


def test_a_python_that_is_too_old_is_passed_over() -> None:
    assert "print('wrong')" not in make("-n", "setup")
    assert "python3.11 python3.12 python3.13" in make("-n", "setup")


def test_the_ci_checks_then_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert [line for line in script.read_text().splitlines() if line.startswith("make")] == [
        "make lint",
        "make test",
    ]
