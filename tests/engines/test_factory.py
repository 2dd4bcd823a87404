"""Which engine a spec becomes, and what is told when it cannot become one."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.catalog.profile import EngineSpec
from fogbank.engines import factory
from fogbank.engines.base import EngineMisconfigured, EngineUnavailable
from fogbank.engines.fake import FakeEngine
from fogbank.engines.remote import RemoteEngine
from fogbank.engines.transformers import TransformersEngine
from fogbank.engines.vllm import VllmEngine

REMOTE = {"url": "http://127.0.0.1:1", "model": "m"}
HERE = {"folder": "here"}


def spec(engine: str, **fields: Any) -> EngineSpec:
    return EngineSpec.model_validate({"engine": engine, **fields})


def test_options_are_read_as_their_types() -> None:
    built = factory.build_engine("f", spec("fake", options={"context_window": "9"}), None)
    assert isinstance(built, FakeEngine)
    assert factory.build_engine("r", spec("remote", options=REMOTE), None).context_window == 0


@pytest.mark.parametrize(
    ("engine", "options"),
    [
        ("fake", {"dimension": 3}),
        ("remote", {}),
        ("remote", REMOTE | {"timeout": "long"}),
        ("transformers", {"device": "abacus"}),
    ],
)
def test_wrong_options(engine: str, options: dict[str, Any], tmp_path: Path) -> None:
    weights = HERE if engine == "transformers" else None
    with pytest.raises(EngineMisconfigured, match="the options of one: "):
        factory.build_engine("one", spec(engine, options=options, weights=weights), tmp_path)


def test_weights_that_are_not_here(tmp_path: Path) -> None:
    for weights in (None, tmp_path / "none"):
        with pytest.raises(EngineUnavailable, match="fogbank pull"):
            factory.build_engine("one", spec("transformers", weights=HERE), weights)


@pytest.mark.parametrize(("installed", "kind"), [(True, VllmEngine), (False, TransformersEngine)])
def test_without_vllm_transformers_computes(
    installed: bool, kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "has_vllm", lambda: installed)
    made = spec("vllm", weights=HERE, options={"max_model_len": 99})
    assert isinstance(factory.build_engine("one", made, tmp_path), kind)


@pytest.mark.parametrize(
    ("named", "backend"),
    [
        (None, "llguidance"),
        ("guidance", "llguidance"),
        ("xgrammar", "xgrammar"),
        ("auto", "xgrammar"),
        ("outlines", "outlines_core"),
        ("of a later vllm", "llguidance"),
    ],
)
@pytest.mark.parametrize("installed", [True, False])
def test_what_constrains_the_output_of_vllm(
    named: str | None, backend: str, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "has_vllm", lambda: installed)
    options = {} if named is None else {"structured_outputs_config": {"backend": named}}
    made = spec("vllm", weights=HERE, options=options)
    assert factory.backend_of(made) == (backend if installed else "llguidance")


def test_what_constrains_the_output_of_other_engines() -> None:
    assert factory.backend_of(spec("transformers", weights=HERE)) == "llguidance"
    assert factory.backend_of(spec("remote", options=REMOTE)) == "remote"
    assert factory.backend_of(spec("fake")) == "fake"
    text = spec("vllm", weights=HERE, options={"structured_outputs_config": "guidance"})
    assert factory.backend_of(text) == "llguidance"


def test_a_remote_engine_gets_its_task() -> None:
    made = spec("remote", task="Text Embeddings", options=REMOTE)
    assert isinstance(factory.build_engine("one", made, None), RemoteEngine)
