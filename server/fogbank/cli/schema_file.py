"""`fogbank run --schema`: a JSON Schema from a file, and the JSON that comes of it."""

import json
import sys
from pathlib import Path
from typing import Any

import orjson
import typer

from fogbank.cli.client import Client
from fogbank.cli.common import fail

STDIN = "-"
EVIDENCE = "x-fogbank-structured-output"


def read_schema(name: str) -> Any:
    """The schema in a file, `-` for standard input. Whatever it is not ends the command."""
    where = "standard input" if name == STDIN else name
    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        fail(f"the schema cannot be read: {error.strerror}: {name}")
    if not data.strip():
        fail(f"{where} is empty; a JSON Schema was expected")
    try:
        schema = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        fail(f"{where} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    if not isinstance(schema, dict | bool):
        fail(f"{where} is JSON, but no JSON Schema, which is an object or true or false")
    return schema


def print_json(client: Client, name: str, body: dict[str, Any], schema: Any) -> None:
    """Asks for a value of this schema and prints it; how it was met goes to stderr."""
    body = {**body, "response_format": {"type": "json_schema", "json_schema": schema}}
    result, headers = client.run_with_headers(name, body)
    typer.echo(_written(_value(result)))
    if evidence := headers.get(EVIDENCE):
        typer.secho(evidence, dim=True, err=True)


def _value(result: dict[str, Any]) -> Any:
    """Native answers have the value, chat completions its text."""
    if "choices" in result:
        return json.loads(result["choices"][0]["message"]["content"])
    return result["response"]


def _written(value: Any) -> str:
    """By `json`, which writes integers of any size."""
    if sys.stdout.isatty():
        return json.dumps(value, ensure_ascii=False, indent=2)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
