"""Options of a deployment's YAML file, checked against the model that its package defines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError, Mistake

Options = TypeVar("Options", bound=BaseModel)


def read_options(model: type[Options], given: Mapping[str, Any], deployment: str) -> Options:
    """The options of a deployment. Raises CatalogError with everything that is wrong."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        found = [explain(model, each) for each in error.errors(include_url=False)]
        raise CatalogError([bad_option(deployment, key, text) for key, text in found]) from None


def bad_option(deployment: str, key: tuple[str | int, ...], message: str) -> Mistake:
    """A mistake at a key of the options."""
    file = Path("deployments") / f"{deployment}.yaml"
    return Mistake(file, 0, ".".join(map(str, ("options", *key))), message)
