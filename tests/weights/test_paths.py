from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.catalog.weights import HubWeights
from fogbank.weights.errors import WeightsError
from fogbank.weights.paths import is_slug, safe_join, slug
from fogbank.weights.store import WeightsStore

ROOT = Path("/data/models")
PARTS = st.sampled_from(["..", ".", "", "a", "b.json", "~", "C:", "\\", "é", "a b", "\0", "\ud800"])
NAMES = st.one_of(st.text(max_size=30), st.lists(PARTS, max_size=5).map("/".join))


@given(NAMES)
def test_no_name_leaves_its_root(name: str) -> None:
    try:
        path = safe_join(ROOT, name)
    except WeightsError:
        return
    assert path.is_relative_to(ROOT)
    assert path != ROOT
    assert ".." not in path.parts
    assert path.relative_to(ROOT).as_posix() == name


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".", ".ssh/id", "a\\..\\b", "c:x", "a\nb"],
)
def test_names_that_no_honest_source_has(name: str) -> None:
    with pytest.raises(WeightsError, match="not a plain relative path"):
        safe_join(ROOT, name)


def test_ordinary_names_pass() -> None:
    assert safe_join(ROOT, "1_Pooling/config.json") == ROOT / "1_Pooling/config.json"


@given(NAMES)
def test_a_slug_is_one_component(name: str) -> None:
    assert "/" not in slug(name)
    assert is_slug(slug(name))


@given(hub=NAMES, revision=NAMES)
def test_no_hub_name_or_revision_leaves_the_models_folder(hub: str, revision: str) -> None:
    store = WeightsStore(Path("/data"))
    weights = HubWeights.model_construct(hub=hub, revision=revision, allow=())
    try:
        path = store.path_for(weights)
    except WeightsError:
        return
    assert path.parent == store.models
    assert is_slug(path.name)
