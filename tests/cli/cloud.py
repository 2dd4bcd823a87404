"""A stand-in for Cloudflare on loopback that keeps its own books, and has bad days."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.deployments.energygenius.genius import fitting

INPUT, OUTPUT = 4119, 34868
"""Neurons a million tokens, of the model that is asked."""

GOOD, WRONG_VALUE, NO_FIT, NO_USAGE = "good", "wrong value", "no fit", "no usage"
GARBAGE, HANGS_UP, SLOW = "garbage", "hangs up", "slow"
FULL, SPENT, BROKEN, UNMET, LOCKED = "429", "4006", "500", "3030", "401"
ALL = (GOOD, WRONG_VALUE, NO_FIT, NO_USAGE, GARBAGE, HANGS_UP, FULL, BROKEN, UNMET)
ERRORS = {
    FULL: (429, 3040, "Capacity temporarily exceeded, please try again."),
    SPENT: (429, 4006, "you have used up your daily free allocation of 10,000 neurons"),
    BROKEN: (500, 7009, "Upstream service unavailable"),
    UNMET: (400, 3030, "AiError: JSON Mode couldn't be met"),
    LOCKED: (401, 10000, "Authentication error for {path} with {token}"),
}
FREE = (FULL, SPENT, LOCKED)


@dataclass
class Cloud:
    """`plan` is what happens to the next calls, then all is good; `neurons` what is billed."""

    url: str = ""
    plan: list[str] = field(default_factory=list)
    neurons: float = 0.0
    paths: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    drawn: random.Random = field(default_factory=lambda: random.Random(7))
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked: threading.Event = field(default_factory=threading.Event)
    """Set once a slow answer is waited for."""
    over: threading.Event = field(default_factory=threading.Event)

    def happens(self, size: int, most: int) -> tuple[str, dict[str, Any]]:
        """What happens to a call of so many bytes, and its usage; it is billed now."""
        with self.lock:
            what = self.plan.pop(0) if self.plan else GOOD
            answered = self.drawn.randint(1, most)
            neurons = (size * INPUT + answered * OUTPUT) / 1e6
            if what not in FREE:
                self.neurons += neurons
        told = {"prompt_tokens": size, "completion_tokens": answered, "neurons": neurons}
        return what, told


@contextmanager
def serve_cloud() -> Iterator[Cloud]:
    cloud = Cloud()

    class Handler(_Handler):
        owner = cloud

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    cloud.url = f"http://127.0.0.1:{server.server_port}/client/v4"
    try:
        yield cloud
    finally:
        cloud.over.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Cloud

    def log_message(self, *_: Any) -> None:
        return

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        body = json.loads(content)
        self.owner.paths.append(self.path)
        self.owner.tokens.add(self.headers["authorization"])
        what, usage = self.owner.happens(len(content), body["max_tokens"])
        if what == HANGS_UP:
            self.close_connection = True
            return
        if what == SLOW:
            self.owner.asked.set()
            self.owner.over.wait(30)
            self.close_connection = True
            return
        if what in ERRORS:
            status, code, text = ERRORS[what]
            text = text.format(path=self.path, token=self.headers["authorization"])
            self._send(status, {"success": False, "errors": [{"code": code, "message": text}]})
            return
        if what == GARBAGE:
            self._bytes(200, b'{"result": [1, NaN', {})
            return
        value = fitting(body["response_format"]["json_schema"])
        response = {WRONG_VALUE: {"overview": "9"}, NO_FIT: "Sure! Here is your JSON:"}.get(
            what, value
        )
        result = {"response": response}
        headers = {}
        if what != NO_USAGE:
            headers["cf-ai-neurons"] = f"{usage['neurons']:.2f}"
            result["usage"] = usage
        self._send(200, {"success": True, "errors": [], "result": result}, headers)

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._bytes(status, json.dumps(body).encode(), headers or {})

    def _bytes(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
