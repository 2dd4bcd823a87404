"""Whether a Fogbank answers, told from everything else that may be at an address."""

import socket

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
