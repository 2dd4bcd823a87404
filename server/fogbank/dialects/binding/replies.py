"""How the binding is told that something went wrong (contract 6.4).

It throws `{internalCode}: {description}` under the error's `name`. The description leaves out the
title that REST puts before it ("Bad input: ", "Ai: ", "Model has been deprecated: "): so a Worker
saw `5028: This model was deprecated on ...` where REST said `AiError: Model has been deprecated:
This model ...` (contract 2.2), and `5007: No such model ... or task` without "Ai". The same rule
makes `5006: Error: oneOf at '/' not met, ...` of REST's `AiError: Bad input: Error: oneOf ...`.
"""

from typing import Any

from starlette.types import Send

from fogbank import errors
from fogbank.dialects.asgi import Headers, send_json
from fogbank.dialects.front_door import front_door_body
from fogbank.dialects.workers_ai.run import error_body as rest_body
from fogbank.errors import AIError, RouteError
from fogbank.runtime.context import Context

NAME = "AiError"


async def send_error(error: AIError | RouteError, context: Context, send: Send) -> None:
    """An error, with the request's id. The front door's has its envelope (contract 2.4)."""
    headers: Headers = [(b"cf-ai-req-id", context.request_id.encode())]
    if isinstance(error, RouteError):
        await send_json(send, error.status, front_door_body(error), headers)
        return
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    await send_json(send, error.status, error_body(error, context.request_id), headers)


def error_body(error: AIError, request_id: str) -> dict[str, Any]:
    """What the binding makes its error of; a gateway that is not set up has REST's body."""
    if error.kind in errors.OF_GATEWAYS:
        return rest_body(error, request_id)
    return {
        "internalCode": error.kind.code,
        "name": NAME,
        "description": error.description,
        "message": f"{NAME}: {error.description}",
        "httpCode": error.status,
        "requestId": request_id,
    }
