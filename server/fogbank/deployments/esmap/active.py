"""The version of each model that answers now."""

from collections.abc import Iterable, Iterator

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import Loaded


class Active:
    """A request takes its `Loaded` once, at its start; a swap is one assignment: no request mixes.

    `failures` tells why a model that has a card cannot work here.
    """

    def __init__(self, cards: Iterable[ModelCard]) -> None:
        self.cards = {card.id: card for card in cards}
        self.failures: dict[str, str] = {}
        self._loaded: dict[str, Loaded] = {}

    def __iter__(self) -> Iterator[Loaded]:
        return iter(self._loaded.values())

    def get(self, model_id: str) -> Loaded | None:
        """The active version, None for an unknown model and for one that cannot work here."""
        return self._loaded.get(model_id)

    def swap(self, loaded: Loaded) -> Loaded | None:
        """Makes a version the active one; the one before it."""
        before = self._loaded.get(loaded.card.id)
        self._loaded[loaded.card.id] = loaded
        self.failures.pop(loaded.card.id, None)
        return before

    def drop(self, model_id: str, reason: str) -> None:
        """Lets no version of a model answer."""
        self._loaded.pop(model_id, None)
        self.failures[model_id] = reason
