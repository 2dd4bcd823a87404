"""A package index on loopback, as pip asks one (PEP 503)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def serve_index(wheels: dict[str, bytes]) -> Iterator[str]:
    """The URL of an index that has these wheels, by file name."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            body, kind = b"", "text/html"
            if self.path.startswith("/simple/"):
                project = self.path.split("/")[2].replace("-", "_")
                names = [name for name in wheels if name.startswith(f"{project}-")]
                links = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
                body = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
            elif self.path.startswith("/files/"):
                body, kind = wheels[self.path.split("/")[2]], "application/octet-stream"
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
