"""OpenAI's `error`, which stands beside Cloudflare's envelope."""

from typing import Any

from fogbank.dialects.openai.fields import FieldError
from fogbank.errors import AIError, RouteError

_CODES = {
    3040: "rate_limit_exceeded",
    5007: "model_not_found",
    5021: "context_length_exceeded",
    10000: "invalid_api_key",
}
"""Words that clients look for in `error.code`; elsewhere it is Cloudflare's number."""

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    429: "rate_limit_error",
}


def error_object(error: AIError | RouteError, request_id: str) -> dict[str, Any]:
    """OpenAI's `error`: the SDKs for Node make their message of it (clients.md)."""
    if isinstance(error, RouteError):
        status, (code, message) = error.status, error.errors[-1]
    else:
        status, code, message = error.kind.status, error.kind.code, error.message(request_id)
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {
        "message": message,
        "type": kind,
        "code": _CODES.get(code, str(code)),
        "param": error.param if isinstance(error, FieldError) else None,
    }
