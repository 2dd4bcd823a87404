from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.catalog.document import NODE_LIMIT, Document, dotted, read_document


def read(tmp_path: Path, text: str) -> Document:
    file = tmp_path / "some.yaml"
    file.write_text(text, encoding="utf-8")
    return read_document(file)


def messages(document: Document) -> list[str]:
    return [f"{mistake.line}:{mistake.key}:{mistake.message}" for mistake in document.mistakes]


def test_plain_data_and_the_lines_of_its_keys(tmp_path: Path) -> None:
    document = read(tmp_path, "a: 1\nb:\n  - x\n  - c: 2026-05-30\nd: {e: null}\n")
    assert document.data == {"a": 1, "b": ["x", {"c": date(2026, 5, 30)}], "d": {"e": None}}
    assert document.mistakes == []
    assert document.line(("b", 1, "c")) == 4
    assert document.line(("d", "e")) == 5


def test_a_key_that_is_missing_has_the_line_of_what_is_around_it(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b: 1\n")
    assert document.line(("a", "missing", "further")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", "2:a:the key is already given in line 1"),
        ("x:\n  b: 1\n  b: 2\n", "3:x.b:the key is already given in line 2"),
        ("a: !!python/name:os.system\n", "1:a:the tag"),
        ("a: !!set {b}\n", "1:a:the tag"),
        ("? [a]\n: 1\n", "1::a key is text"),
        ("a: 2026-13-45\n", "1:a:'2026-13-45' is not a valid timestamp"),
        ("a: !!int x\n", "1:a:'x' is not a valid int"),
        ("a: 0x1ffffffffffffffff\n", "1:a:a number of more than 64 bits"),
        ("a: [\n", "2::not YAML: "),
        ("a: 'b\n", "2::not YAML: "),
        ("a: b: c\n", "1::not YAML: "),
        ("a: 1\n---\nb: 2\n", "2::not YAML: expected a single document"),
        ("a: *nobody\n", "1::not YAML: found undefined alias"),
        ("", "0::the file is empty"),
        ("# only a comment\n", "0::the file is empty"),
        ("a: \x01\n", "0::not YAML: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    (message,) = messages(read(tmp_path, text))
    assert message.startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]\n",
        "[" * 300 + "]" * 300,
        "[" * 20_000,
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in ("ab", "bc", "cd", "de")
        ),
    ],
    ids=["endless", "deep", "deeper", "bomb"],
)
def test_a_file_that_grows_without_bound_is_refused(tmp_path: Path, text: str) -> None:
    document = read(tmp_path, text)
    assert document.data is None
    assert len(document.lines) <= NODE_LIMIT * 2
    assert len(document.mistakes) == 1


def test_an_anchor_used_twice_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x [1]\nb: *x\n").data == {"a": [1], "b": [1]}


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff\n")
    for file in (tmp_path, tmp_path / "none.yaml", tmp_path / "latin.yaml"):
        (mistake,) = read_document(file).mistakes
        assert mistake.message.startswith("cannot be read")


def test_key_paths_read_as_an_author_writes_them() -> None:
    assert dotted(("engines", "e", "allow", 2)) == "engines.e.allow[2]"
    assert dotted(()) == ""


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{}&*!?|>'\"#%@`,\n 0x1.\t\\u~<=")))
def test_no_text_raises(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    file.write_text(text, encoding="utf-8")
    document = read_document(file)
    assert document.mistakes or document.data is not None or document.lines
