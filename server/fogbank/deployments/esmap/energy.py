"""`energy_categories` of the models for energy: what parts of the field a text is about."""

from collections.abc import Mapping
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import File
from fogbank.deployments.esmap.topics import Topics
from fogbank.deployments.esmap.windows import windows

MOST_WINDOWS = 32
"""Of a longer text the beginning is read: 16,000 characters."""


def build_categories(config: Mapping[str, Any], file: File) -> Topics:
    """The categories of a model's `config`; call it once, in the model's `build`.

    `embeddings` is a text embeddings model of the runtime, `energy_categories` the name of a data
    file of topics. Raises ValueError or OSError for a config or a file that is none.
    """
    try:
        return Topics(file(config["energy_categories"]), config["embeddings"])
    except KeyError as error:
        raise ValueError(f"the config lacks {error}") from error


async def energy_categories(text: str, call: Call, categories: Topics) -> list[str]:
    """The categories of a text, most probable first; none for a text about something else.

    Each window of the text is judged alone; the text has what any of them has. Raises AIError.
    """
    pieces = [window.text for window in windows(text)[:MOST_WINDOWS]]
    return categories.chosen(await categories.signals(pieces, call)) if pieces else []
