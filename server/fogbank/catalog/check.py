"""What one file cannot know: names that clash, and names that nobody has."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from fogbank.catalog.card import Card
from fogbank.catalog.document import Document, Loc
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import Mistake
from fogbank.catalog.options import OPTIONS
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.tasks import ALSO_ANSWERS

SCHEMA_SUFFIXES = frozenset({".yaml", ".yml", ".json"})

Sources = Mapping[str, Document]


def check_cards(
    cards: Mapping[str, Card], sources: Sources, schemas: Sequence[Path]
) -> Iterator[Mistake]:
    """Aliases that clash, and input schemas that are in none of the folders `schemas`.

    Where the first folder does not exist, schemas are not looked for.
    """
    owners = {name: name for name in cards}
    for name, card in cards.items():
        for index, alias in enumerate(card.aliases):
            owner = owners.setdefault(alias, name)
            if owner != name or alias == name:
                message = f"{alias} already names the model of {sources[owner].file}"
                yield sources[name].mistake(("aliases", index), message)
    if not schemas or not schemas[0].is_dir():
        return
    files = [file for folder in schemas for file in folder.glob("*")]
    known = sorted({file.stem for file in files if file.suffix in SCHEMA_SUFFIXES})
    for name, card in cards.items():
        if card.input not in known:
            message = f"there is no input schema {card.input!r}{hint(card.input, known)}"
            yield sources[name].mistake(("input",), message)


def check_profiles(
    profiles: Mapping[str, Profile], sources: Sources, cards: Mapping[str, Card]
) -> Iterator[Mistake]:
    """Engines, models and families that do not exist, tasks that differ, unsafe stand-ins."""
    owners = {alias: card for card in cards.values() for alias in card.aliases} | dict(cards)
    families = sorted({card.family for card in cards.values() if card.family})
    for name, profile in profiles.items():
        source = sources[name]
        seen: dict[str, str] = {}
        for model, served in profile.models.items():
            loc = ("models", model)
            yield from _check_engine(profile, source, loc, served)
            card = owners.get(model)
            if card is None:
                yield source.mistake(loc, f"no card has this name{hint(model, list(owners))}")
                continue
            if seen.setdefault(card.name, model) != model:
                yield source.mistake(loc, f"the same model as {seen[card.name]}")
            yield from _check_card(profile, source, loc, served, card)
        for family, served in profile.families.items():
            loc = ("families", family)
            yield from _check_engine(profile, source, loc, served)
            if family not in families:
                message = f"no card is of this family{hint(family, families)}"
                yield source.mistake(loc, message)


def check_options(profiles: Mapping[str, Profile], sources: Sources) -> Iterator[Mistake]:
    """Options that an engine does not have, or not so; those of vllm only vLLM knows."""
    for name, profile in profiles.items():
        for key, spec in profile.engines.items():
            model = OPTIONS.get(spec.engine)
            if model is None:
                continue
            try:
                model.model_validate(spec.options)
            except ValidationError as error:
                for detail in error.errors(include_url=False):
                    loc, message = explain(model, detail)
                    yield sources[name].mistake(("engines", key, "options", *loc), message)


def _check_engine(
    profile: Profile, source: Document, loc: Loc, served: Served
) -> Iterator[Mistake]:
    if served.engine not in profile.engines:
        known = sorted(profile.engines)
        message = f"there is no engine {served.engine!r}{hint(served.engine, known)}"
        yield source.mistake((*loc, "engine"), message)


def _check_card(
    profile: Profile, source: Document, loc: Loc, served: Served, card: Card
) -> Iterator[Mistake]:
    spec = profile.engines.get(served.engine)
    if spec is not None and spec.task != card.task:
        if not _also_answers(spec, card):
            message = f"the model's task is {card.task}, the engine's is {spec.task}"
            yield source.mistake((*loc, "engine"), message)
        elif not served.stands_in:
            message = f"an engine for {spec.task} can only stand in here: say what it is"
            yield source.mistake((*loc, "stands_in"), message)
    if card.safety and served.stands_in:
        message = "nothing may stand in for a safety model; give it its own weights"
        yield source.mistake((*loc, "stands_in"), message)


def _also_answers(spec: EngineSpec, card: Card) -> bool:
    """A remote server has only the task that it is asked for."""
    return spec.engine != "remote" and card.task in ALSO_ANSWERS.get(spec.task, ())


def hint(name: str, known: list[str]) -> str:
    """What goes behind a name that nobody has: the nearest one, or all where they are few."""
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(known)}" if 0 < len(known) <= 12 else ""
