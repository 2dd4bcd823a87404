"""Every error that a client can get, in one table; each dialect renders it in its own form.

    Exception
    ├── AIError       the AI layer refuses or fails: an `ErrorKind` and the values of its text
    └── RouteError    the front door refuses: authentication, account, path (contract 2.4)

Codes, statuses and texts: contract sections 2.1, 2.2 and 2.4, decisions.md.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """A row of the table: `code` in the body, HTTP `status`, and the two parts of the message.

    Without a title the API's front words the error, not the AI layer: the text stands alone and
    `result` is null (contract 2.4).
    """

    code: int
    status: int
    title: str
    text: str


NO_SUCH_MODEL = ErrorKind(5007, 400, "Ai", "No such model {model} or task")
MISSING_BODY = ErrorKind(3003, 400, "AiError", "Request is missing headers or body: {what}")
BAD_BASE64 = ErrorKind(5004, 400, "AiError", "Invalid data type for base64 input: {type}")
FINETUNE_FILES = ErrorKind(
    3039,
    400,
    "AiError",
    "Finetune is missing required files (model.safetensors and config.json)",
)
BAD_INPUT = ErrorKind(5006, 400, "Bad input", "{detail}")
INVALID_INPUT = ErrorKind(8001, 400, "AiError", "Invalid input: {detail}")
JSON_MODE_FAILED = ErrorKind(3030, 400, "AiError", "JSON Mode couldn't be met: {detail}")
TOOL_CALL_FAILED = ErrorKind(3030, 400, "AiError", "Tool call couldn't be made: {detail}")
NOT_ALLOWED = ErrorKind(5018, 403, "Ai", "This account is not allowed to access {model}. {detail}")
UNSAFE_INPUT = ErrorKind(8007, 400, "AiError", "Input prompt contains NSFW content.")
NOT_ALLOWED_AT_ALL = ErrorKind(
    3041, 403, "AiError", "The account is not allowed to access this model"
)
NO_SERVICE = ErrorKind(3023, 403, "AiError", "Service unavailable for account")
TERMS = ErrorKind(5016, 403, "AiError", "User has not agreed to Llama3.2 model terms")
PAID_PLAN = ErrorKind(
    5035,
    403,
    "Model {model} is not available on the Workers Free plan",
    "{detail} Upgrade to access this model:"
    " https://dash.cloudflare.com/?to=/:account/workers/plans",
)
BAD_MODEL_NAME = ErrorKind(3042, 404, "AiError", "The model name is invalid")
OLD_SDK = ErrorKind(5019, 405, "AiError", "Request is trying to use a deprecated SDK version")
NO_JSON_MODE = ErrorKind(5025, 403, "Ai", "This model doesn't support JSON Schema.")
NO_LORA = ErrorKind(5005, 405, "Ai", "The model {model} does not support LoRa inference")
TIMEOUT = ErrorKind(3007, 408, "AiError", "Request timeout")
ABORTED = ErrorKind(3008, 408, "AiError", "Request was aborted")
DEPRECATED = ErrorKind(
    5028,
    410,
    "Model has been deprecated",
    "This model was deprecated on {date}. Please use an alternative model.",
)
TOO_LARGE = ErrorKind(3006, 413, "AiError", "Request is too large")
CONTEXT_WINDOW = ErrorKind(
    5021,
    413,
    "Ai",
    "The estimated number of input and maximum output tokens ({tokens}) exceeded this model"
    " context window limit ({limit}).",
)
CAPACITY = ErrorKind(3040, 429, "AiError", "Capacity temporarily exceeded, please try again.")
ALLOCATION = ErrorKind(
    4006,
    429,
    "AiError",
    "you have used up your daily free allocation of 10,000 neurons, please upgrade to"
    " Cloudflare's Workers Paid plan if you would like to continue usage.",
)
UPSTREAM = ErrorKind(7009, 502, "", "Upstream service unavailable")
INTERNAL = ErrorKind(7009, 500, "", "Upstream service unavailable")


# AI Gateway; the texts of 7002 and 2021 are ours.
NO_GATEWAY_LOG = ErrorKind(7002, 404, "", "Log not found")
NO_GATEWAY = ErrorKind(2001, 400, "", "Please configure AI Gateway in the Cloudflare dashboard")
BAD_CHAT = ErrorKind(2019, 400, "", "Chat completion bad format")
NO_CREDITS = ErrorKind(2021, 402, "", "The gateway is out of credits")
OF_GATEWAYS = frozenset({NO_GATEWAY, BAD_CHAT, NO_CREDITS})
"""Their list stands under `error`, not `errors` (contract 2.4)."""

DOCUMENTED = {
    CAPACITY: ErrorKind(3040, 429, "AiError", "No more data centers to forward the request to"),
    ALLOCATION: ErrorKind(
        3036,
        429,
        "AiError",
        "You have used up your daily free allocation of 10,000 neurons. Please upgrade to"
        " Cloudflare's Workers Paid plan if you would like to continue usage.",
    ),
    NOT_ALLOWED: ErrorKind(
        5018, 403, "AiError", "The account is not allowed to access this model. {detail}"
    ),
}
"""Rows that Cloudflare documents otherwise than they were seen on the wire (contract 2.1, 2.2)."""


class AIError(Exception):
    """A row of the table that happened, with the values of its text.

    `retry_after` is in seconds and becomes a header where the dialect has one (decisions.md 12).
    """

    def __init__(self, kind: ErrorKind, *, retry_after: int | None = None, **values: Any) -> None:
        self.kind = kind
        self.values = values
        self.title = kind.title.format(**values)
        self.description = kind.text.format(**values)
        self.retry_after = retry_after
        super().__init__(f"{kind.code}: {self.description}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    def message(self, request_id: str) -> str:
        """The text of the REST dialect (contract 2.2)."""
        if not self.title:
            return self.description
        return f"AiError: {self.title}: {self.description} ({request_id})"


class RouteError(Exception):
    """An answer of the API's front door: `result` is null and no request id is given.

    `documented` is what Cloudflare's table of errors has in its place, if anything.
    """

    def __init__(
        self, status: int, *errors: tuple[int, str], documented: AIError | None = None
    ) -> None:
        self.status = status
        self.errors = errors
        self.documented = documented
        super().__init__("; ".join(f"{code}: {text}" for code, text in errors))


def authentication_error(status: int = 401) -> RouteError:
    """A missing or wrong token (401), or one without permission (403)."""
    return RouteError(status, (10000, "Authentication error"))


def account_error(path: str) -> RouteError:
    """An account id that is not 32 hexadecimal digits (decisions.md 4). `path` as requested."""
    return RouteError(404, (7003, _could_not_route(path)))


def unknown_path(path: str) -> RouteError:
    """No such route; the text leaves the API's prefix out, as the service does."""
    path = path.removeprefix("/client/v4")
    return RouteError(400, (7003, _could_not_route(path)), (7000, "No route for that URI"))


def unknown_model(model: str = "") -> RouteError:
    """A model name that the catalogue lacks, over REST."""
    documented = AIError(NO_SUCH_MODEL, model=model[:200])
    return RouteError(400, (7000, "No route for that URI"), documented=documented)


def as_documented(error: AIError | RouteError) -> AIError | RouteError:
    """The same error as Cloudflare's documentation tells it, where that differs from the wire."""
    if isinstance(error, RouteError):
        return error.documented or error
    kind = DOCUMENTED.get(error.kind)
    return AIError(kind, retry_after=error.retry_after, **error.values) if kind else error


def _could_not_route(path: str) -> str:
    return f"Could not route to {path}, perhaps your object identifier is invalid?"
