"""Builds the document from `operations.yaml`, the catalogue and the input schemas."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import fogbank
from fogbank import errors
from fogbank.errors import ErrorKind

FILE = Path(__file__).with_name("operations.yaml")
PARAMETER = re.compile(r"{(\w+)}")
DESCRIPTION = """\
Cloudflare Workers AI on your own machine. Success and failure have Cloudflare's envelope on the
routes under `/client/v4`, OpenAI's and Anthropic's own forms on theirs."""
PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "account_id": {"type": "string", "pattern": "^[0-9a-fA-F]{32}$"},
    "gateway": {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
}


@cache
def described() -> dict[str, Any]:
    """The file as data."""
    data: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return data


def document(models: Iterable[str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.1. `models` are the names that the run route takes, `inputs` the input schemas."""
    data = described()
    schemas = {**data["schemas"], "ModelInput": {"anyOf": list(inputs.values())}}
    parameters = {**PATH_PARAMETERS, "model": {"type": "string", "enum": sorted(models)}}
    paths: dict[str, dict[str, Any]] = {}
    for operation in data["operations"]:
        method = operation["method"]
        paths.setdefault(operation["path"], {})[method] = _operation(operation, parameters)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Fogbank", "version": fogbank.__version__, "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _operation(operation: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": operation["summary"],
        "operationId": _identifier(operation),
        "tags": [operation["tag"]],
        "parameters": [*_parameters(operation, parameters)],
        "responses": {str(operation.get("status", 200)): _answer(operation["output"])},
    }
    if "input" in operation:
        made["requestBody"] = {"required": True, "content": _content(operation["input"])}
    kind = operation.get("errors", "Error")
    for status, texts in _failures().items():
        made["responses"].setdefault(str(status), _failure(kind, texts))
    return made


def _parameters(operation: dict[str, Any], known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in PARAMETER.findall(operation["path"]):
        schema = known.get(name, {"type": "string", "minLength": 1})
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for place in ("query", "header"):
        for name, schema in operation.get(place, {}).items():
            yield {"name": name, "in": place, "required": False, "schema": schema}


def _content(wanted: str | dict[str, str]) -> dict[str, Any]:
    if wanted == "events":
        return {"text/event-stream": {"schema": {"type": "string"}}}
    if isinstance(wanted, str):
        wanted = {"application/json": wanted}
    return {
        media: {"schema": {"$ref": f"#/components/schemas/{name}"} if name else {}}
        for media, name in wanted.items()
    }


def _answer(output: Any) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for one in output if isinstance(output, list) else [output]:
        content |= _content(one)
    return {"description": "What was asked for.", "content": content}


def _failure(kind: str, texts: list[str]) -> dict[str, Any]:
    return {
        "description": "; ".join(texts),
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}},
    }


@cache
def _failures() -> dict[int, list[str]]:
    """What each status may mean, from the one table of errors."""
    found: dict[int, list[str]] = {
        401: ["10000 Authentication error"],
        404: ["7003 the account id is not 32 hexadecimal digits", "7002 no such thing"],
    }
    for name in dir(errors):
        kind = getattr(errors, name)
        if isinstance(kind, ErrorKind):
            found.setdefault(kind.status, []).append(f"{kind.code} {kind.text}")
    return dict(sorted(found.items()))


def _identifier(operation: dict[str, Any]) -> str:
    words = re.findall(r"\w+", operation["path"].removeprefix("/client/v4/accounts/{account_id}"))
    return "_".join([operation["method"], *words])
