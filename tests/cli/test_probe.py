"""Whether a Fogbank answers, told from everything else that may be at an address."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fogbank.cli.probe import NobodyThere, NotFogbank, Unusable, profile_at
from tests.cli.pretended import FOGBANK, answering


def test_a_fogbank() -> None:
    with answering(200, FOGBANK) as url:
        assert profile_at(url, None) == "test"


def test_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
    with pytest.raises(NobodyThere, match=f"no server answers at {url}"):
        profile_at(url, None)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[1]"),
        (200, b'{"profile": 1}'),
        (404, b'{"profile": "test"}'),
        (401, b"who?"),
        (401, b'{"errors": "who?"}'),
    ],
)
def test_something_else(status: int, body: bytes) -> None:
    with answering(status, body) as url, pytest.raises(NotFogbank, match=f"{url} is not Fogbank"):
        profile_at(url, None)


def test_something_that_calls_itself_compressed() -> None:
    with answering(200, b"not gzip", **{"content-encoding": "gzip"}) as url:
        with pytest.raises(NotFogbank, match=f"{url} is not Fogbank"):
            profile_at(url, None)


def test_something_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotFogbank, match="is not Fogbank"):
            profile_at(url, None, 0.05)


def test_a_key() -> None:
    with answering(200, FOGBANK, key="fog_1") as url:
        assert profile_at(url, "fog_1") == "test"
        with pytest.raises(Unusable, match=r"401: Who is this\?\nGive a key with --key or"):
            profile_at(url, None)
        with pytest.raises(Unusable, match="is not one of its own; see 'fogbank keys list'"):
            profile_at(url, "fog_2")


def test_a_name_that_the_server_does_not_know() -> None:
    with answering(403, b'{"errors": [{"message": "Add it to FOGBANK_ALLOWED_HOSTS."}]}') as url:
        with pytest.raises(Unusable, match=r"403: Add it to FOGBANK_ALLOWED_HOSTS\."):
            profile_at(url, None)


def test_an_address_with_a_path() -> None:
    with answering(404, b"{}") as url:
        with pytest.raises(NotFogbank, match=f"not Fogbank; without path, it would be {url}$"):
            profile_at(f"{url}/client/v4", None)


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server with a certificate of its own, and the file of that."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-nodes", "-keyout", str(key), "-out", str(certificate))
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    subprocess.run(
        [openssl, "req", "-x509", *new, *files, *subject], check=True, capture_output=True
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(FOGBANK)

        def log_message(self, *_: object) -> None:
            return

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}", certificate
        server.shutdown()
        thread.join()


def test_an_authority_of_ones_own(https: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, authority = https
    with pytest.raises(Unusable, match=r"not trusted .*\nNODE_EXTRA_CA_CERTS names the file"):
        profile_at(url, None)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(authority))
    assert profile_at(url, None) == "test"
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/nowhere.pem")
    with pytest.raises(
        Unusable, match=r"NODE_EXTRA_CA_CERTS is /nowhere.pem, which cannot be read"
    ):
        profile_at(url, None)


def test_https_where_http_is_spoken() -> None:
    with answering(200, FOGBANK) as url:
        with pytest.raises(NotFogbank, match="does not speak https"):
            profile_at(url.replace("http:", "https:"), None)
