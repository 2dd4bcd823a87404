"""Why the registry does not do what it was asked.

RegistryError            `status` is what HTTP answers
├── Invalid      400     what was asked makes no sense
├── NotRecorded  404     no such model, version, artifact or schedule
├── Conflict     409     it makes sense, but not now
└── TooLarge     413     more bytes than an artifact may have
"""

from typing import Any


class RegistryError(Exception):
    """The message is `error` of the answer, `details` its `details`."""

    status = 500

    def __init__(self, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = details


class Invalid(RegistryError):
    """What was asked makes no sense."""

    status = 400


class NotRecorded(RegistryError):
    """No such model, version, artifact or schedule."""

    status = 404


class Conflict(RegistryError):
    """It makes sense, but not now."""

    status = 409


class TooLarge(RegistryError):
    """More bytes than an artifact may have."""

    status = 413
