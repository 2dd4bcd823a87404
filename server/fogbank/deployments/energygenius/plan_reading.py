"""A record of a catalogue, checked and made a plan."""

from typing import Any

from pydantic import ValidationError

from fogbank.deployments.energygenius.catalogue_rows import Wrong
from fogbank.deployments.energygenius.fields import shown
from fogbank.deployments.energygenius.plan import Plan


def read_plan(record: dict[str, Any], line: int, wrong: list[Wrong]) -> Plan | None:
    """The plan, or None once what is wrong was added."""
    try:
        return Plan.model_validate(record)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            key = ".".join(map(str, each["loc"]))
            wrong.append(Wrong(line, key, _told(each["type"], each["msg"], each["input"])))
        return None


def _told(kind: str, message: str, value: Any) -> str:
    if kind == "missing":
        return "this column is missing or empty"
    if kind == "extra_forbidden":
        known = ", ".join(str(field.alias) for field in Plan.model_fields.values())
        return f"unknown key; expected one of {known}"
    return f"{message[:1].lower()}{message[1:]}, not {shown(value)}"
