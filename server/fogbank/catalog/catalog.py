"""The catalogue in memory: which model answers to a name, and on which engine of a profile."""

from collections.abc import Mapping
from dataclasses import dataclass

from fogbank.catalog.card import Card
from fogbank.catalog.profile import Profile

_PREFIX = "workers-ai/"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model of the catalogue on one engine of a profile.

    `engine` is a key of the profile's `engines`. `stands_in` names what really answers, None where
    it is the model itself.
    """

    card: Card
    engine: str
    stands_in: str | None = None


class Catalog:
    """Every card and every profile, by name."""

    def __init__(self, cards: Mapping[str, Card], profiles: Mapping[str, Profile]) -> None:
        self.cards = dict(sorted(cards.items()))
        self.profiles = dict(sorted(profiles.items()))
        self._names = {alias: card for card in self.cards.values() for alias in card.aliases}
        self._names |= self.cards

    def resolve(self, name: str) -> Card | None:
        """The card that answers to a name or alias; None where there is none.

        The gateway's prefix `workers-ai/` (contract 1.6), a slash at the end and blanks around the
        name are ignored.
        """
        return self._names.get(name.strip().removeprefix(_PREFIX).rstrip("/"))

    def profiles_with(self, name: str) -> tuple[str, ...]:
        """Names of the profiles that have the model's own weights (for 5018, decisions.md 8)."""
        card = self.resolve(name)
        if card is None:
            return ()
        served = ((key, resolve_profile(item, self)) for key, item in self.profiles.items())
        return tuple(
            key
            for key, models in served
            if card.name in models and models[card.name].stands_in is None
        )


def resolve_profile(profile: Profile, catalog: Catalog) -> dict[str, ServedModel]:
    """What a profile serves, by card name: families spelled out, `models` winning over them.

    A family never gives a stand-in to a safety model (decisions.md 9), nor a model of another task
    than the engine's.
    """
    result: dict[str, ServedModel] = {}
    for card in catalog.cards.values():
        served = profile.families.get(card.family) if card.family else None
        if served is None or profile.engines[served.engine].task != card.task:
            continue
        if not (card.safety and served.stands_in):
            result[card.name] = ServedModel(card, served.engine, served.stands_in)
    for name, served in profile.models.items():
        named = catalog.resolve(name)
        if named is None:
            raise KeyError(f"profile {profile.name}: no card is named {name}")
        result[named.name] = ServedModel(named, served.engine, served.stands_in)
    return dict(sorted(result.items()))
