"""Deployments as YAML: what is read, over what, in which order, and what is wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fogbank.catalog.mistakes import CatalogError
from fogbank.deployments.description import Description, load_descriptions
from fogbank.settings import package_data


def write(root: Path, *files: dict[str, Any], text: str | None = None) -> Path:
    folder = root / "deployments"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / f"{file['name']}.yaml").write_text(yaml.safe_dump(file))
    if text is not None:
        (folder / "text.yaml").write_text(text)
    return root


def file(name: str = "one", **given: Any) -> dict[str, Any]:
    return {"name": name, "title": name.upper(), "entry": f"package.{name}:build", **given}


def mistakes(*roots: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_descriptions(roots[0], roots[1] if len(roots) > 1 else None)
    return [f"{mistake.key}: {mistake.message}" for mistake in caught.value.mistakes]


def test_the_packaged_ones() -> None:
    found = load_descriptions(package_data())
    assert {name: found[name].mount for name in ("esmap", "esmap-api")} == {
        "esmap": "/esmap",
        "esmap-api": "/esmap-api",
    }
    assert list(found).index("esmap") < list(found).index("esmap-api")
    assert found["esmap"].protected == ("/admin",)
    assert not any(each.public for each in found.values())


def test_an_operators_file_changes_the_keys_that_it_gives(tmp_path: Path) -> None:
    packaged = write(tmp_path / "p", file(mount="/one", options={"a": 1, "b": 2}), file("two"))
    own = write(tmp_path / "o", {"name": "one", "port": 9000, "options": {"b": 3, "c": 4}})
    found = load_descriptions(packaged, own)
    one = found["one"]
    assert (one.title, one.mount, one.port) == ("ONE", "/one", 9000)
    assert one.options == {"a": 1, "b": 3, "c": 4}
    assert found["two"].options == {}


def test_a_profile_has_the_last_word_on_options(tmp_path: Path) -> None:
    packaged = write(tmp_path, file(options={"a": 1, "b": 2}), file("two"))
    found = load_descriptions(packaged, None, {"one": {"b": 5}, "three": {"c": 1}})
    assert found["one"].options == {"a": 1, "b": 5}
    assert list(found) == ["one", "two"]


def test_what_is_disabled_is_left_out_with_what_needs_it(tmp_path: Path) -> None:
    packaged = write(
        tmp_path / "p", file("a", needs=["b"]), file("b", needs=["c"]), file("c"), file("d")
    )
    assert list(load_descriptions(packaged)) == ["c", "d", "b", "a"]
    own = write(tmp_path / "o", {"name": "b", "enabled": False})
    assert list(load_descriptions(packaged, own)) == ["c", "d"]


@given(st.permutations("abcdef"), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_what_is_needed_comes_first(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], pairs: set[tuple[int, int]]
) -> None:
    """Whatever the names of the files are."""
    needs: dict[str, list[str]] = {name: [] for name in names}
    for one, other in pairs:
        if one > other:
            needs[names[one]].append(names[other])
    root = write(
        tmp_path_factory.mktemp("d"), *(file(name, needs=needs[name]) for name in sorted(names))
    )
    order = list(load_descriptions(root))
    assert sorted(order) == sorted(names)
    for name in names:
        for need in needs[name]:
            assert order.index(need) < order.index(name)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mount": "esmap"}, "mount: string should match"),
        ({"mount": "/"}, "mount: string should match"),
        ({"mount": "/a/"}, "mount: string should match"),
        ({"mount": "/a b"}, "mount: string should match"),
        ({"port": 70_000}, "port: input should be less than or equal to 65535"),
        ({"entry": "package"}, "entry: string should match"),
        ({"entry": "package:build()"}, "entry: string should match"),
        ({"protected": ["admin"]}, "protected[0]: string should match"),
        ({"titel": "x"}, "titel: unknown key; did you mean 'title'?"),
        ({"options": [1]}, "options: expected a mapping of keys to values"),
        ({"needs": ["nothing"]}, "needs: there is no 'nothing'"),
        ({"needs": ["one"]}, "needs: it needs itself"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    found = mistakes(write(tmp_path, file(**given)))
    assert len(found) == 1
    assert found[0].startswith(told)


def test_options_of_the_wrong_kind_over_good_ones(tmp_path: Path) -> None:
    packaged = write(tmp_path / "p", file(options={"a": 1}))
    own = write(tmp_path / "o", {"name": "one", "options": "none"})
    assert mistakes(packaged, own) == ["options: expected a mapping of keys to values, not 'none'"]
    own = write(tmp_path / "null", {"name": "one", "options": None})
    assert load_descriptions(packaged, own)["one"].options == {"a": 1}


def test_a_circle_is_told(tmp_path: Path) -> None:
    root = write(tmp_path, file("a", needs=["b"]), file("b", needs=["a"]), file("c", needs=["a"]))
    assert mistakes(root) == ["needs: it needs itself, through others"] * 2


@pytest.mark.parametrize(
    ("key", "value"), [("mount", "/x"), ("port", 9000), ("hosts", ["Energy.example"])]
)
def test_two_at_one_place(tmp_path: Path, key: str, value: Any) -> None:
    lower = ["energy.example"] if key == "hosts" else value
    both = (file("a", **{key: value}), file("b", **{key: lower}))
    [told] = mistakes(write(tmp_path / "p", *both))
    assert told.startswith(f"{key}: a is at ")
    own = write(tmp_path / "o", {"name": "a", "enabled": False})
    assert list(load_descriptions(tmp_path / "p", own)) == ["b"]


def test_the_line_is_told(tmp_path: Path) -> None:
    text = "name: one\ntitle: One\nentry: a:b\nport: 0\n"
    with pytest.raises(CatalogError, match=r"text\.yaml:4: port"):
        load_descriptions(write(tmp_path, text=text))


def test_broken_and_empty_files(tmp_path: Path) -> None:
    assert "not YAML" in mistakes(write(tmp_path / "a", text="name: [one\n"))[0]
    for number, text in enumerate(("- one\n", "one\n", "5\n")):
        told = mistakes(write(tmp_path / str(number), text=text))
        assert told == [": expected a mapping of keys to values"]
    assert mistakes(write(tmp_path / "c", text="")) == [": the file is empty"]


@given(st.text())
def test_a_mount_is_a_plain_path(text: str) -> None:
    try:
        mount = Description(name="a", title="A", entry="a:b", mount=text).mount
    except ValueError:
        return
    assert mount is not None
    assert mount.startswith("/")
    assert not mount.endswith("/")
    assert not set(mount) & set(" ?#%\\\n")
    assert "//" not in mount
