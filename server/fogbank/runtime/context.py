"""What the runtime knows of a request besides its task."""

import random
import secrets
import uuid
from dataclasses import dataclass, field

from fogbank.runtime.faults import Fault

# Ids are no secrets, and asking the system for each costs more than all the rest of a context.
RANDOM = random.Random(secrets.randbits(256))


def new_request_id() -> str:
    """A random UUID, the value of `cf-ai-req-id`."""
    return str(uuid.UUID(int=RANDOM.getrandbits(128), version=4))


@dataclass(slots=True, kw_only=True)
class Context:
    """Whose request it is, and how it wants to be treated.

    `deadline` is in seconds from admission; `key` the name of the API key, if one was used;
    `account` the account id of the path, where it has one; `dialect` how the client speaks.
    `status` is what was sent, where a dialect passes on what another answered.
    `rated` is set once it was counted against the rate limits.
    `prompt_counted` is set for a further answer to a prompt that was already written down.
    """

    deadline: float
    request_id: str = field(default_factory=new_request_id)
    key: str | None = None
    account: str | None = None
    dialect: str = "workers_ai"
    reject_if_busy: bool = False
    low_priority: bool = False
    status: int = 200
    prompt_counted: bool = False
    rated: bool = False
    documented_errors: bool = False
    fault: Fault | None = None
