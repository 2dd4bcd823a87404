"""Building a deployment, and its life with the server."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from fogbank.deployments.deployment import Deployment, Services
from fogbank.deployments.description import Description
from tests.server import running, settings

pytestmark = pytest.mark.anyio


def described(name: str, entry: str, **given: Any) -> dict[str, Description]:
    return {name: Description(name=name, title=name, entry=entry, mount=f"/{name}", **given)}


class Logged:
    def __init__(self, log: list[str], name: str) -> None:
        self._log, self._name = log, name

    async def start(self) -> None:
        self._log.append(f"{self._name} starts")

    async def stop(self) -> None:
        self._log.append(f"{self._name} stops")


async def test_the_life_of_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    module = ModuleType("example_deployment")

    def first(services: Services, options: Any) -> Deployment:
        log.append(f"first is built with {options}")
        parts = (Logged(log, "database"), Logged(log, "worker"))
        return Deployment(PlainTextResponse("first"), parts, "a service")

    def second(services: Services, options: Any) -> Deployment:
        log.append(f"second finds {services.built['first'].service}")
        return Deployment(PlainTextResponse("second"), (Logged(log, "client"),))

    module.first, module.second = first, second  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "example_deployment", module)
    both = {
        **described("first", "example_deployment:first", options={"a": 1}),
        **described("second", "example_deployment:second", needs=("first",)),
    }
    async with running(settings(tmp_path), deployments=both) as fogbank:
        answer = await fogbank.client.get("/second/anything")
        assert answer.text == "second"
        assert [each.name for each in fogbank.server.deployments] == ["first", "second"]
        assert [line for line in log if line.endswith("stops")] == []
    assert log == [
        "first is built with {'a': 1}",
        "second finds a service",
        "database starts",
        "worker starts",
        "client starts",
        "client stops",
        "worker stops",
        "database stops",
    ]


@pytest.mark.parametrize("entry", ["no_such_package.inner:build", "fogbank.clock:no_such_function"])
async def test_an_entry_that_is_not_there(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ImportError, match=r"deployment broken: entry .* cannot be imported"):
        async with running(settings(tmp_path), deployments=described("broken", entry)):
            raise AssertionError("it started")
