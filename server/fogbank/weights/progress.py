"""How long work on weights tells that it goes on."""

from typing import Protocol


class Progress(Protocol):
    """Called often, from any thread; must return at once.

    `step` names what is being done, `done` and `total` count its units (bytes of a download,
    tensors of a conversion). `total` is None where the end is not known.
    """

    def __call__(self, step: str, done: int, total: int | None) -> None: ...


def silent(step: str, done: int, total: int | None) -> None:
    """A `Progress` that says nothing."""
