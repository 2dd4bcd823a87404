"""A model hub on loopback: the routes of a Hugging Face hub that a pull uses, and its bad days."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin", ".pth")


@dataclass
class Repo:
    """One repository at one commit; `branches` lead there."""

    files: dict[str, bytes]
    commit: str = "c" * 40
    branches: tuple[str, ...] = ("main",)
    gated: bool = False
    private: bool = False


@dataclass
class Seen:
    method: str
    host: str
    path: str
    headers: dict[str, str]


@dataclass
class HubStandIn:
    """What it serves, what it was asked, and what goes wrong."""

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    """Bytes after which the next downloads of large files break off, one entry each."""
    statuses: list[int] = field(default_factory=list)
    """Statuses with which the next requests are answered instead."""
    tampered: dict[str, bytes] = field(default_factory=dict)
    """File name to what is sent in its place."""
    ignore_range: bool = False
    plain_metadata: bool = False
    """Leave checksums out of the list of files, as some mirrors do."""

    def downloads(self, name: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.startswith("/cdn/") and name in seen.path]


@contextmanager
def serve_hub() -> Iterator[HubStandIn]:
    hub = HubStandIn()

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubStandIn

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        host = self.headers.get("host", "").split(":")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.seen.append(Seen("GET", host, path, headers))
        if self.hub.statuses:
            self._answer(self.hub.statuses.pop(0), {"x-bad": "day"}, b"")
        elif path.startswith("/api/models/"):
            repo, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            self._describe(repo, revision)
        elif path.startswith("/cdn/"):
            _, _, owner, name, _, *rest = path.split("/")
            self._send(self.hub.repos[f"{owner}/{name}"].files, "/".join(rest))
        else:
            repo, _, inner = path[1:].partition("/resolve/")
            commit, _, name = inner.partition("/")
            self._resolve(repo, commit, name)

    def _describe(self, name: str, revision: str) -> None:
        repo = self.hub.repos.get(name)
        if repo is None or repo.private:
            self._answer(401, {"X-Error-Code": "RepoNotFound"}, b"")
        elif revision not in (repo.commit, *repo.branches):
            self._answer(404, {"X-Error-Code": "RevisionNotFound"}, b"")
        else:
            siblings = [self._sibling(file, data) for file, data in repo.files.items()]
            body = {"id": name, "sha": repo.commit, "siblings": siblings}
            self._answer(200, {"content-type": "application/json"}, json.dumps(body).encode())

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        if self.hub.plain_metadata:
            return {"rfilename": name}
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        sibling: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
        if name.endswith(LARGE):
            digest = hashlib.sha256(data).hexdigest()
            sibling["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 134}
        return sibling

    def _resolve(self, name: str, commit: str, file: str) -> None:
        repo = self.hub.repos.get(name)
        if repo is None:
            self._answer(401, {"X-Error-Code": "RepoNotFound"}, b"")
        elif repo.gated and self.headers.get("authorization") != "Bearer good":
            self._answer(403, {"X-Error-Code": "GatedRepo"}, b"")
        elif commit != repo.commit or file not in repo.files:
            self._answer(404, {"X-Error-Code": "EntryNotFound"}, b"")
        elif file.endswith(LARGE):
            # Another origin, as the real one's CDN is: a token must not follow there.
            port = self.hub.url.rsplit(":", 1)[1]
            cdn = f"http://localhost:{port}/cdn/{name}/{commit}/{file}"
            headers = {"Location": cdn, "X-Repo-Commit": commit}
            self._answer(302, headers, b"")
        else:
            self._send(repo.files, file)

    def _send(self, files: dict[str, bytes], name: str) -> None:
        data = self.hub.tampered.get(name, files[name])
        start = 0
        asked = self.headers.get("range", "")
        if asked and not self.hub.ignore_range:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        headers = {"ETag": '"etag"', "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        large = name.endswith(LARGE)
        stop = self.hub.breaks.pop(0) if large and self.hub.breaks else None
        self._answer(206 if start else 200, headers, data[start:], stop)

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, stop: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:stop])
        if stop is not None:
            self.close_connection = True
