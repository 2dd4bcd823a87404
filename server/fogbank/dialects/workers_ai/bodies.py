"""A request body as a model input: JSON, a multipart form, or raw bytes (contract 1.1).

JSON is told by its content, not by its header: curl sends it as a form. What is no JSON is raw
bytes where the model's schema has a `{type: string, format: binary}` branch.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Scope

from fogbank import errors
from fogbank.dialects.asgi import header
from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.dialects.workers_ai.validation_compile import ANY_TYPE
from fogbank.errors import AIError

MAX_FILES = 16
MAX_FIELDS = 256
FORM = "multipart/form-data"


@dataclass(slots=True)
class Body:
    """A parsed body. `files` are properties that came as bytes; `data` has placeholders for them.

    `data` itself is bytes where the body is raw. `size` is what was sent, in bytes.
    """

    data: Any
    files: Mapping[str, bytes] = field(default_factory=dict)
    size: int = field(default=0, compare=False)


def raw_property(schema: InputSchema) -> str | None:
    """The property that raw bytes stand for, such as `audio`; None where JSON alone is taken."""
    found = list(branches(schema.document))
    if not any(branch.get("format") == "binary" for branch in found):
        return None
    return next((branch["required"][0] for branch in found if branch.get("required")), None)


def with_file(inputs: Mapping[str, Any], content: bytes, schema: InputSchema) -> Body | None:
    """`inputs` and the file that the schema knows, whatever its name; None where it knows none.

    Alone, where raw bytes are taken, it is a raw body.
    """
    raw = raw_property(schema)
    if raw and not inputs:
        return Body(content, size=len(content))
    name = raw or next((name for name in _names(schema) if _is_base64(schema, name)), None)
    if name is None:
        return None
    data = {**inputs, name: _placeholder(_kinds(schema, name))}
    return Body(data, {name: content}, size=len(content))


async def parse_body(body: bytes, scope: Scope, schema: InputSchema) -> Body:
    """The model input in a body. Raises AIError for a multipart body that cannot be read."""
    try:
        return Body(orjson.loads(body), size=len(body))
    except orjson.JSONDecodeError:
        pass
    if (header(scope, b"content-type") or "").lower().startswith(FORM):
        return await _form(body, scope, schema)
    return Body(body if raw_property(schema) else "")


async def _form(body: bytes, scope: Scope, schema: InputSchema) -> Body:
    """Fields and files as properties. One file alone is a raw body, where the model takes one."""
    data: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for name, value in await _items(body, scope):
        kinds = list(_kinds(schema, name))
        if isinstance(value, str):
            data[name] = _field(value, kinds)
            continue
        content = await value.read()
        await value.close()
        if any(_takes_bytes(kind) for kind in kinds) or raw_property(schema):
            files[name] = content
            data[name] = _placeholder(kinds)
        else:
            data[name] = _field(str(content, "utf-8", "replace"), kinds)
    if len(files) == len(data) == 1 and raw_property(schema):
        return Body(next(iter(files.values())))
    return Body(data, files, size=len(body))


async def _items(body: bytes, scope: Scope) -> list[tuple[str, str | UploadFile]]:
    async def whole() -> AsyncGenerator[bytes]:
        yield body

    parser = MultiPartParser(
        Headers(scope=scope),
        whole(),
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=len(body),
    )
    parser.spool_max_size = len(body) + 1
    try:
        return (await parser.parse()).multi_items()
    except MultiPartException as error:
        raise AIError(errors.INVALID_INPUT, detail=error.message) from None
    except (ValueError, LookupError):
        raise AIError(errors.INVALID_INPUT, detail="the multipart body cannot be read") from None


def _field(text: str, kinds: Iterable[Mapping[str, Any]]) -> Any:
    """Text, or the JSON value in it where the schema wants something else than text."""
    text = text.encode("utf-8", "replace").decode()  # some charsets give half surrogates
    types = {kind["type"] for kind in kinds if "type" in kind}
    if not types or "string" in types:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _takes_bytes(kind: Mapping[str, Any]) -> bool:
    """An array is one of bytes, a string that is checked later (ANY_TYPE) one of base64."""
    return kind.get("type") == "array" or bool(kind.get(ANY_TYPE))


def _placeholder(kinds: Iterable[Mapping[str, Any]]) -> Any:
    """What a schema takes in a file's place."""
    return [0] if any(kind.get("type") == "array" for kind in kinds) else "AA=="


def _is_base64(schema: InputSchema, name: str) -> bool:
    return any(kind.get(ANY_TYPE) for kind in _kinds(schema, name))


def _names(schema: InputSchema) -> Iterator[str]:
    for branch in branches(schema.document):
        yield from branch.get("properties", {})


def _kinds(schema: InputSchema, name: str) -> Iterator[Mapping[str, Any]]:
    """What the schema and its branches say of a property."""
    for branch in branches(schema.document):
        yield from branches(branch.get("properties", {}).get(name, {}))


def branches(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and, at any depth, the branches of its `oneOf`."""
    yield schema
    for branch in schema.get("oneOf", ()):
        yield from branches(branch)
