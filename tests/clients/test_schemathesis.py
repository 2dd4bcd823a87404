"""schemathesis against the server's own OpenAPI document: no 500, no undocumented status."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.programs import PYTHON, needs_python_clients
from tests.server import Running, live

pytestmark = [pytest.mark.anyio, pytest.mark.clients]

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


@pytest.fixture
async def url(fogbank: Running) -> AsyncIterator[str]:
    """The address of a server on fake engines."""
    async with live(fogbank.server) as address:
        yield address


async def schemathesis(url: str, folder: Path, *options: str) -> str:
    """What it prints. Fails where it found something."""
    process = await asyncio.create_subprocess_exec(
        PYTHON.with_name("schemathesis"),
        *("run", f"{url}/openapi.json", "--checks", CHECKS, *options),
        *("--generation-deterministic", "--no-color", "--warnings", "off"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, out.decode()[-8000:]
    return out.decode()


@needs_python_clients
async def test_the_document_is_true(url: str, tmp_path: Path) -> None:
    printed = await schemathesis(url, tmp_path, "--phases", "fuzzing", "--max-examples", "10")
    assert "No issues found" in printed


@needs_python_clients
@pytest.mark.verify
@pytest.mark.timeout(1200)
async def test_the_document_is_true_at_length(url: str, tmp_path: Path) -> None:
    printed = await schemathesis(
        url, tmp_path, "--phases", "coverage,fuzzing", "--max-examples", "100"
    )
    assert "No issues found" in printed
