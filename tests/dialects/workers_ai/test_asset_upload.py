"""Multipart uploads to disk: any cut into chunks, and everything a stranger may send instead."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.dialects.asgi import ClientGone
from fogbank.dialects.workers_ai.asset_upload import ROOM_FOR_FORM, receive_asset
from fogbank.errors import AIError

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.5")]

FORM = b"multipart/form-data; boundary=xx"
NAME = b'--xx\r\nContent-Disposition: form-data; name="file_name"\r\n\r\nadapter_config.json\r\n'
FILE = (
    b'--xx\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\r\n--x\x00data\r\n"
)
END = b"--xx--\r\n"
DATA = b"\r\n--x\x00data"

# One function-scoped folder for all examples is meant: every example writes the same file anew.
examples = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


async def receive(
    tmp_path: Path, chunks: Iterable[bytes], content_type: bytes = FORM, **options: Any
) -> tuple[str, bytes]:
    """The file's name and what was written."""
    left = list(chunks)

    async def inbox() -> dict[str, Any]:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    scope: Any = {"headers": [(b"content-type", content_type)]}
    place = tmp_path / "place"
    wanted = {"limit": 100, "seconds": 5, **options}
    name = await receive_asset(scope, inbox, place, **wanted)
    return name, place.read_bytes()


@pytest.mark.parametrize("parts", [NAME + FILE, FILE + NAME])
async def test_the_fields_come_in_either_order(tmp_path: Path, parts: bytes) -> None:
    assert await receive(tmp_path, [parts + END]) == ("adapter_config.json", DATA)


@examples
@given(cuts=st.lists(st.integers(0, len(NAME + FILE + END)), max_size=8))
async def test_however_it_is_cut(tmp_path: Path, cuts: list[int]) -> None:
    body, places = NAME + FILE + END, [0, *sorted(cuts), len(NAME + FILE + END)]
    chunks = [body[start:end] for start, end in pairwise(places)]
    assert await receive(tmp_path, chunks) == ("adapter_config.json", DATA)


async def test_without_a_file_name_the_files_own_counts(tmp_path: Path) -> None:
    assert await receive(tmp_path, [FILE + END]) == ("blob", DATA)


@pytest.mark.parametrize(
    ("content_type", "body", "told"),
    [
        (b"application/json", b"{}", "must be multipart/form-data"),
        (b"multipart/form-data", FILE + END, "must be multipart/form-data"),
        (b"multipart/form-data; boundary=" + b"x" * 1000, FILE + END, "Boundary|broken"),
        (FORM, NAME + END, "'file' is missing"),
        (FORM, FILE + FILE + END, "more than one 'file'"),
        (FORM, NAME + FILE, "was cut off"),
        (FORM, b"", "was cut off"),
        (FORM, b"no form at all", "is broken"),
        (FORM, b"--xx\r\nno header\r\n\r\n", "is broken"),
    ],
)
async def test_what_is_no_such_form(
    tmp_path: Path, content_type: bytes, body: bytes, told: str
) -> None:
    with pytest.raises(AIError, match=told) as refused:
        await receive(tmp_path, [body], content_type)
    assert refused.value.kind.status == 400


@examples
@given(body=st.binary(max_size=300) | st.lists(st.sampled_from([NAME, FILE, END])).map(b"".join))
async def test_any_body_is_a_form_or_refused(tmp_path: Path, body: bytes) -> None:
    try:
        found = await receive(tmp_path, [body])
    except AIError as error:
        status = error.kind.status
    else:
        assert found in [("adapter_config.json", DATA), ("blob", DATA)]
        status = 400
    assert status == 400


async def test_no_more_than_the_limit_reaches_the_disk(tmp_path: Path) -> None:
    head, tail = FILE[: FILE.index(DATA)], b"\r\n" + END
    assert await receive(tmp_path, [head, bytes(100), tail]) == ("blob", bytes(100))
    for chunks in ([head, bytes(101), tail], [head, bytes(101) + tail]):
        place = tmp_path / "place"
        with pytest.raises(AIError) as refused:
            await receive(tmp_path, chunks)
        assert refused.value.kind.status == 413
        assert place.stat().st_size <= 100


async def test_what_is_no_file_counts_too(tmp_path: Path) -> None:
    with pytest.raises(AIError) as refused:
        await receive(tmp_path, [NAME[:-2], *[bytes(1000)] * (ROOM_FOR_FORM // 1000 + 1)])
    assert refused.value.kind.status == 413


async def test_a_large_file_leaves_no_more_room_for_other_parts(tmp_path: Path) -> None:
    """A hundred megabytes of parts without names would keep the server busy for a minute."""
    chunk = b"--xx\r\na: b\r\n\r\n\r\n" * 100
    with pytest.raises(AIError) as refused:
        await receive(tmp_path, [chunk] * (ROOM_FOR_FORM // len(chunk) + 2), limit=10_000_000)
    assert refused.value.kind.status == 413


async def test_a_client_that_leaves_or_dawdles(tmp_path: Path) -> None:
    with pytest.raises(ClientGone):
        await receive(tmp_path, [])

    async def never() -> Any:
        import anyio

        await anyio.sleep_forever()

    scope: Any = {"headers": [(b"content-type", FORM)]}
    with pytest.raises(AIError) as late:
        await receive_asset(scope, never, tmp_path / "place", limit=1, seconds=0.01)
    assert late.value.kind.status == 408
