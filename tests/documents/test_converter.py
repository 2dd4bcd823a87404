"""Documents in a process of their own: what hostile ones can and cannot do."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fogbank.documents.child import _refuse
from fogbank.documents.converter import CHILD, Converter, Document
from fogbank.documents.options import Options
from tests.documents import samples

pytestmark = pytest.mark.anyio


async def convert(
    name: str, data: bytes, *, seconds: float = 20, memory: int = 1 << 30
) -> tuple[str, str]:
    converter = Converter(seconds, memory)
    done = await converter.convert(Document(name, "", data), Options())
    return done.text, done.error


async def test_a_document_comes_back_as_text() -> None:
    assert await convert("a.html", b"<h1>Hi</h1>") == ("# Hi", "")


@pytest.mark.contract("1.5")
async def test_images_and_unknown_files_are_told_apart() -> None:
    assert "vision model" in (await convert("a.png", b""))[1]
    assert "not supported" in (await convert("a.exe", b""))[1]


@pytest.mark.contract("1.5")
async def test_a_broken_document_says_so() -> None:
    text, error = await convert("a.docx", b"PK\x03\x04")
    assert not text
    assert error.startswith("The file cannot be converted: the file is not what its type says")


async def test_pages_nested_too_deep() -> None:
    _, error = await convert("a.html", b"<div>" * 5_000)
    assert error == "The file cannot be converted: it is nested too deep."


async def test_a_cell_at_the_end_of_a_sheet_ends_in_an_error_not_in_memory() -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row>'
    cells += '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    text, error = await convert("a.xlsx", samples.xlsx(cells))
    assert not text
    assert "memory" in error


async def test_too_little_time() -> None:
    _, error = await convert("a.html", b"<p>x</p>", seconds=0.001)
    assert "it took longer than 0.001 seconds" in error


async def test_a_child_that_was_taken_over_cannot_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "child.py"
    endless.write_text("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    monkeypatch.setattr("fogbank.documents.converter.CHILD", endless)
    monkeypatch.setattr("fogbank.documents.converter.MAX_ANSWER", 1 << 20)
    assert "it needs more memory" in (await convert("a.html", b"<p>x</p>"))[1]


async def test_half_a_character_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some PDFs have them; JSON has no form for one."""
    halves = tmp_path / "child.py"
    halves.write_text(
        f"import sys; sys.path.insert(0, {str(CHILD.parents[2])!r})\n"
        "from fogbank.documents import child\n"
        "child._answer = lambda job, data: {'data': 'a' + chr(0xd800)}\n"
        "child.main()"
    )
    monkeypatch.setattr("fogbank.documents.converter.CHILD", halves)
    assert await convert("a.html", b"") == ("a?", "")


async def test_one_that_is_cancelled_leaves_no_process() -> None:
    task = asyncio.create_task(convert("a.html", b"<p>x</p>" * 200_000))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(_children())


def _children() -> Iterator[str]:
    """Command lines of this process's children that read documents."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                command = (status.parent / "cmdline").read_text()
                if str(CHILD) in command:
                    yield command


@pytest.mark.parametrize(
    "attack",
    [
        "import socket; socket.socket()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "open('stolen', 'w')",
        "import os; os.open('stolen', os.O_CREAT | os.O_WRONLY)",
        "import os; os.mkdir('stolen')",
        "import os; os.remove('nothing')",
        "import os; os.rename('nothing', 'stolen')",
        "import os; os.kill(os.getppid(), 0)",
        "import sqlite3; sqlite3.connect('stolen')",
    ],
)
def test_what_a_child_may_not_do(attack: str, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(CHILD.parents[2])!r})\n"
    code += f"from fogbank.documents import child; sys.addaudithook(child._refuse)\n{attack}"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert "PermissionError" in ran.stderr
    assert not list(tmp_path.iterdir())


def test_reading_is_allowed() -> None:
    _refuse("open", ("a", "r", os.O_RDONLY))
    _refuse("import", ("json",))
