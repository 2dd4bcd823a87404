"""`fogbank run MODEL "prompt"`."""

import sys
from typing import Annotated, Any

import orjson
import typer

from fogbank import tasks
from fogbank.cli.client import Client, Key, Url
from fogbank.cli.common import DataDir, catalog_of, fail, model_name, settings, told
from fogbank.cli.schema_file import STDIN, print_json, read_schema


def run(
    model: Annotated[str, typer.Argument(help="A model's name, or just its last part.")],
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt or text; without it, standard input is read.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="A system message before the prompt.")] = None,
    max_tokens: Annotated[int, typer.Option(help="Most tokens to generate.")] = 256,
    temperature: Annotated[float | None, typer.Option(help="0 always takes the likeliest.")] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="A JSON Schema, - for standard input; the answer is JSON that fits it.",
            show_default=False,
        ),
    ] = None,
    url: Url = None,
    key: Key = None,
    data_dir: DataDir = None,
) -> None:
    """Ask a running server and print the answer as it comes.

    \b
    Examples:
      fogbank run llama-3.1-8b-instruct "What is the capital of France?"
      cat letter.txt | fogbank run distilbert-sst-2-int8
      cat letter.txt | fogbank run llama-3.1-8b-instruct --schema contact.json
    """  # noqa: D301
    config = settings(url=url, key=key, data_dir=data_dir)
    with told():
        catalog = catalog_of(config)
    name = model_name(catalog, model)
    writes_text = catalog.cards[name].task == tasks.TEXT_GENERATION
    form = None if schema is None else _schema(schema, prompt, writes_text=writes_text)
    text = _from_stdin() if prompt is None else prompt
    if not text.strip():
        fail("nothing to ask: give a prompt, or text on standard input")
    if not writes_text:
        with Client(config) as client:
            result = client.run(name, {"text": text})
        typer.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        return
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": text})
    body: dict[str, Any] = {"messages": messages, "max_tokens": max_tokens}
    if temperature is not None:
        body["temperature"] = temperature
    with Client(config) as client:
        if schema is None:
            _print_stream(client, name, {**body, "stream": True})
        else:
            print_json(client, name, body, form)


def _schema(name: str, prompt: str | None, *, writes_text: bool) -> Any:
    if not writes_text:
        fail("--schema is for models that write text; this one does not")
    if name == STDIN and prompt is None:
        fail("standard input cannot be both schema and prompt: give the prompt as an argument")
    return read_schema(name)


def _from_stdin() -> str:
    if sys.stdin.isatty():
        typer.echo("Type what to ask, then Ctrl-D on a line of its own.", err=True)
    return sys.stdin.read().strip()


def _print_stream(client: Client, name: str, body: dict[str, Any]) -> None:
    completion = 0
    for data in client.stream(name, body):
        event = orjson.loads(data)
        if event.get("errors"):
            typer.echo(f"\nfogbank: {event['errors'][0]['message']}", err=True)
            raise typer.Exit(1)
        completion = event.get("usage", {}).get("completion_tokens", completion)
        typer.echo(_text(event), nl=False)
        sys.stdout.flush()
    typer.echo()
    if completion >= body["max_tokens"]:
        typer.echo(f"(cut off at {completion} tokens; --max-tokens allows more)", err=True)


def _text(event: dict[str, Any]) -> str:
    choices = event.get("choices")
    if choices:
        return str(choices[0].get("delta", {}).get("content") or "")
    return str(event.get("response", ""))
