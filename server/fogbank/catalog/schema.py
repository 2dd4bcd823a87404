"""The JSON Schemas of cards and profiles, for editors.

`python -m fogbank.catalog.schema` writes them beside the package's cards and profiles.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from fogbank.catalog.card import Card
from fogbank.catalog.profile import Profile
from fogbank.settings import package_data

SCHEMAS: dict[str, type[BaseModel]] = {"card.schema.json": Card, "profile.schema.json": Profile}


def schema_text(model: type[BaseModel]) -> str:
    """The schema of one kind of file, as it is published."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Writes every schema into `folder`."""
    for name, model in SCHEMAS.items():
        (folder / name).write_text(schema_text(model), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(package_data())
