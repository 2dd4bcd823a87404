"""worker/workerd/unpack.cjs: what it makes of an upload, and what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.workers.onprem import unpack

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node"),
]
MODULE = "application/javascript+module"
MAIN = ("index.js", MODULE, b"export default {};\n")
METADATA = {
    "main_module": "index.js",
    "compatibility_date": "2025-10-01",
    "bindings": [{"name": "AI", "type": "ai"}],
}
WITH_METADATA = b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n%s\r\n--x--\r\n'
BOUNDARY = "----formdata-undici-012345678901"


def upload(folder: Path, metadata: Any, *modules: tuple[str, str, bytes]) -> Path:
    """A bundle as wrangler writes it: metadata, then modules of a name, a type and a content."""
    head = 'Content-Disposition: form-data; name="{0}"; filename="{0}"\r\nContent-Type: {1}'
    parts = [
        b'Content-Disposition: form-data; name="metadata"\r\n\r\n' + json.dumps(metadata).encode()
    ]
    for name, kind, content in modules:
        parts.append(head.format(name, kind).encode() + b"\r\n\r\n" + content)
    line = b"--" + BOUNDARY.encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    bundle = folder / "worker.bundle"
    bundle.write_bytes(body)
    return bundle


def unpacked(folder: Path, metadata: Any, *modules: tuple[str, str, bytes]) -> str:
    """The config that is made of an upload."""
    done = unpack(upload(folder, metadata, *modules), folder / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return (folder / "out" / "worker.capnp").read_text()


def refused(folder: Path, metadata: Any, *modules: tuple[str, str, bytes]) -> str:
    """Why an upload is refused; nothing is written then."""
    done = unpack(upload(folder, metadata, *modules), folder / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert not (folder / "out").exists()
    return done.stderr


def test_the_main_module_is_first_and_files_keep_their_folders(tmp_path: Path) -> None:
    content = b"\0\r\n\xff--\r\n"
    other = ("..x.js", MODULE, b"")
    binary = ("./lib/x.bin", "application/octet-stream", content)
    text = unpacked(tmp_path, METADATA, other, binary, MAIN)
    assert text.index('(name = "index.js"') < text.index('(name = "lib/x.bin", data = embed')
    assert (tmp_path / "out" / "lib" / "x.bin").read_bytes() == content
    assert (tmp_path / "out" / "index.js").read_bytes() == MAIN[2]
    assert (tmp_path / "out" / "..x.js").read_bytes() == b""


def test_source_maps_are_left_out(tmp_path: Path) -> None:
    text = unpacked(tmp_path, METADATA, MAIN, ("index.js.map", "application/source-map", b"{}"))
    assert ".map" not in text
    assert not (tmp_path / "out" / "index.js.map").exists()


def test_every_worker_has_an_id_of_its_own(tmp_path: Path) -> None:
    """Two of them may be served by one workerd."""
    other = ("index.js", MODULE, b"export default { };\n")
    ids = {unpacked(tmp_path, METADATA, main).splitlines()[1] for main in (MAIN, MAIN, other)}
    assert len(ids) == 2
    assert all(int(each.removeprefix("@").removesuffix(";"), 16) >> 63 == 1 for each in ids)


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    declared = {"name": "TOKEN", "type": "inherit"}
    variable = {"name": "MODE", "type": "plain_text", "text": "test"}
    bundle = upload(tmp_path, METADATA | {"bindings": [declared, variable]}, MAIN)
    done = unpack(bundle, tmp_path, "TOKEN", "MODE", "OTHER")
    assert done.returncode == 0
    text = (tmp_path / "worker.capnp").read_text()
    for name in ("TOKEN", "MODE", "OTHER"):
        assert text.count(f'(name = "{name}", fromEnvironment = "{name}")') == 1
    assert '"test"' not in text


def test_bindings_that_workerd_lacks_are_all_named(tmp_path: Path) -> None:
    lacking = [{"name": "KV", "type": "kv_namespace"}, {"name": "DB", "type": "d1"}]
    words = refused(
        tmp_path, METADATA | {"bindings": [*lacking, {"name": "AI", "type": "ai"}]}, MAIN
    )
    assert "does not provide: KV (kv_namespace), DB (d1)." in words
    assert "wrangler deploy --env" in words


@pytest.mark.parametrize(
    ("change", "module", "words"),
    [
        ({"main_module": None}, MAIN, "has no modules: workerd needs `export default`"),
        ({"compatibility_date": None}, MAIN, "has no compatibility_date"),
        ({}, ("a.py", "text/x-python", b""), "a.py is text/x-python, which is not supported"),
        ({}, ("../a.js", MODULE, b""), "../a.js lies outside of the Worker"),
        ({}, ("/a.js", MODULE, b""), "/a.js lies outside of the Worker"),
        ({}, ("a/../..", MODULE, b""), "a/../.. lies outside of the Worker"),
        ({}, ("./worker.capnp", "text/plain", b""), "worker.capnp has the name of the file"),
    ],
)
def test_what_cannot_be_served(
    tmp_path: Path, change: Any, module: tuple[str, str, bytes], words: str
) -> None:
    said = refused(tmp_path, METADATA | change, module)
    assert said.startswith("unpack: ")
    assert words in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"export default {};",
        b"--x\r\n\r\nnothing\r\n--x--",
        WITH_METADATA % b"{",
        WITH_METADATA % b"null",
        WITH_METADATA % b"[]",
    ],
)
def test_what_is_no_bundle(tmp_path: Path, content: bytes) -> None:
    bundle = tmp_path / "worker.bundle"
    bundle.write_bytes(content)
    done = unpack(bundle, tmp_path / "out")
    assert done.returncode == 1
    words = "this is not what wrangler deploy --dry-run --outfile writes"
    assert done.stderr == f"unpack: {words}\n"


def test_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    done = unpack(tmp_path / "none", tmp_path / "out")
    assert done.returncode == 1
    assert "no such file or directory" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_how_it_is_called() -> None:
    done = unpack("worker.bundle")
    assert done.returncode == 1
    assert done.stderr == "unpack: usage: node unpack.cjs worker.bundle FOLDER [SECRET...]\n"
