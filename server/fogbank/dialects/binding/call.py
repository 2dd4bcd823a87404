"""What a run request asks: the model in a header, inputs and options in the body or the query.

Contract 6.2. Where an input is a stream, the body is its bytes and has its type; the other inputs
stand in the query as `userInputs`, and the options are parameters beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.dialects import intake
from fogbank.dialects.asgi import header
from fogbank.dialects.binding.encoding import read_decoded
from fogbank.dialects.workers_ai.bodies import parse_body, with_file
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError
from fogbank.settings import Settings

MODEL = b"cf-consn-model-id"
USER_INPUTS = "userInputs"
WRAPPER = InputSchema({"type": "object", "required": ["inputs"]})
MAX_PARAMETERS = 256
READ_AS_FIELDS = ("multipart/form-data", "application/json")
"""Types of a stream whose fields are inputs; every other one is a file."""


@dataclass(frozen=True, slots=True)
class Call:
    """`inputs` as the model's schema takes them, bytes for a body that is one.

    `files` are inputs that came as bytes, `size` what was sent, in bytes.
    """

    inputs: Any
    options: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    size: int = 0

    def has(self, option: str) -> bool:
        """Whether an option is on; those of a query are texts."""
        return self.options.get(option) in (True, "true")


def model_of(scope: Scope, catalog: Catalog) -> Card:
    """The card of `[prefix:]model`. Raises AIError: 3003 without a name, 5007 where it is none."""
    name = header(scope, MODEL)
    if not name:
        raise AIError(errors.MISSING_BODY, what=f"header {MODEL.decode()}")
    card = catalog.resolve(name) or catalog.resolve(name.partition(":")[2])
    if card is None:
        raise AIError(errors.NO_SUCH_MODEL, model=name[:200])
    return card


async def read_call(
    scope: Scope, receive: Receive, settings: Settings, schema: InputSchema
) -> Call:
    """Inputs and options of a run. Raises AIError and ClientGone."""
    query = _query(scope["query_string"])
    if query.get("version") == "1":
        raise AIError(errors.OLD_SDK)
    body = await read_decoded(scope, receive, settings)
    if USER_INPUTS in query:
        return await _of_stream(query, body, scope, schema)
    return await intake.off_the_loop(len(body), lambda: of_json(body))


def of_json(body: bytes) -> Call:
    """`{"inputs": ..., "options"?: {...}}`. Raises AIError (8001, 5006)."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AIError(errors.INVALID_INPUT, detail="the body is not JSON") from None
    if found := WRAPPER.validate(data):
        raise AIError(errors.BAD_INPUT, detail=describe(found))
    options = data.get("options")
    return Call(data["inputs"], options if isinstance(options, dict) else {}, size=len(body))


async def _of_stream(query: dict[str, str], body: bytes, scope: Scope, schema: InputSchema) -> Call:
    options = {name: value for name, value in query.items() if name != USER_INPUTS}
    inputs = _user_inputs(query[USER_INPUTS])
    kind = (header(scope, b"content-type") or "").lower()
    content: Any = body
    if kind.startswith(READ_AS_FIELDS):
        parsed = await parse_body(body, scope, schema)
        if isinstance(parsed.data, dict):
            return Call(inputs | parsed.data, options, parsed.files, len(body))
        content = parsed.data
    found = with_file(inputs, content, schema) if isinstance(content, bytes) else None
    if found is None:
        detail = f"this model has no input that is a stream of {kind[:100]!r}"
        raise AIError(errors.INVALID_INPUT, detail=detail)
    return Call(found.data, options, found.files, len(body))


def _user_inputs(text: str) -> dict[str, Any]:
    try:
        inputs = orjson.loads(text)
    except orjson.JSONDecodeError:
        inputs = None
    if not isinstance(inputs, dict):
        raise AIError(errors.INVALID_INPUT, detail=f"'{USER_INPUTS}' is not a JSON object")
    return inputs


def _query(query: bytes) -> dict[str, str]:
    """The parameters, the first of each. Raises AIError (8001) for more than there can be."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        detail = f"the query has more than {MAX_PARAMETERS} parameters"
        raise AIError(errors.INVALID_INPUT, detail=detail) from None
    return dict(reversed(pairs))
