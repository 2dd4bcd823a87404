"""What the runtime knows of a request besides its task."""

import uuid
from dataclasses import dataclass, field


def new_request_id() -> str:
    """A random UUID, the value of `cf-ai-req-id`."""
    return str(uuid.uuid4())


@dataclass(slots=True, kw_only=True)
class Context:
    """`deadline` is in seconds from admission; `key` the name of the API key, if one was used."""

    deadline: float
    request_id: str = field(default_factory=new_request_id)
    key: str | None = None
    reject_if_busy: bool = False
