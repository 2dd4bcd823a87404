"""What `fogbank serve` shows before it serves."""

import typer

from fogbank.app import Server
from fogbank.cli.common import shortened
from fogbank.engines.factory import computes_with

EXAMPLE_ACCOUNT = "0" * 32
_BODIES = {
    "Text Generation": '{"prompt": "What is the capital of France?"}',
    "Text Classification": '{"text": "I love this."}',
    "Text Embeddings": '{"text": ["a paraphrase", "the same in other words"]}',
    "Token Classification": '{"text": "Ada Lovelace lived in London."}',
    "Question Answering": '{"question": "Who?", "context": "Ada Lovelace wrote it."}',
    "Reranking": '{"query": "a pet", "contexts": [{"text": "a cat"}, {"text": "a bank"}]}',
    "Summarization": '{"input_text": "Fog came in. The harbour was closed. Ships wait."}',
    "Translation": '{"text": "Good morning.", "source_lang": "en", "target_lang": "fr"}',
}
"""By task; one whose input is a file has none, and is not shown."""


def show(server: Server, address: str) -> None:
    """Profile, engines, models with what stands in for what, deployments, and lines to paste."""
    lines = [*_profile(server), *_models(server), *_deployments(server, address)]
    typer.echo("\n".join([*lines, *_curl(server, address)]))


def _profile(server: Server) -> list[str]:
    profile = server.profile
    lines = ["", f"Fogbank, profile {profile.name}: {profile.description}", "", "Engines"]
    for name, engine in server.runtime.engines.items():
        kind = computes_with(engine.spec)
        other = f" (no {engine.spec.engine} on this machine)" if kind != engine.spec.engine else ""
        when = "loads now" if engine.spec.load == "start" else "loads on demand"
        lines.append(f"  {name:18} {kind}{other}, {when}")
    return lines


def _models(server: Server) -> list[str]:
    groups: dict[tuple[str, str | None], list[str]] = {}
    for name, served in server.runtime.served.items():
        groups.setdefault((served.engine, served.stands_in), []).append(name)
    lines = ["", "Models"]
    for (engine, stand_in), names in groups.items():
        what = f"{stand_in} STANDS IN for" if stand_in else f"{engine} serves"
        lines.append(f"  {what} {shortened(names)}")
    return [*lines, "  All of them: fogbank models"]


def _deployments(server: Server, address: str) -> list[str]:
    """Where each is found; a page for people is at the same place."""
    lines = ["", "Deployments"] if server.deployments else []
    host = address.rpartition(":")[0]
    for each in server.deployments:
        places = [f"{address}{each.mount}"] if each.mount else []
        places += [f"{host}:{each.port}"] if each.port else []
        places += [f"http://{name}" for name in each.hosts]
        lines.append(f"  {each.title:24} {', '.join(places)}")
    return lines


def _curl(server: Server, address: str) -> list[str]:
    lines = ["", f"Listening on {address}   ready when {address}/health/ready answers 200", ""]
    key = " -H 'Authorization: Bearer YOUR_KEY'" if server.guard.asks_for_keys else ""
    for name in _examples(server):
        url = f"{address}/client/v4/accounts/{EXAMPLE_ACCOUNT}/ai/run/{name}"
        body = _BODIES[server.runtime.served[name].card.task]
        lines.append(f"  curl{key} {url} -d '{body}'")
    return [*lines, ""]


def _examples(server: Server) -> list[str]:
    served = server.runtime.served
    shown = [name for name in served if served[name].card.task in _BODIES]
    named = [name for name in server.profile.examples if name in shown]
    current_first = sorted(shown, key=lambda name: served[name].card.deprecated_on is not None)
    first_of_task: dict[str, str] = {}
    for name in current_first:
        first_of_task.setdefault(served[name].card.task, name)
    return (named or list(first_of_task.values()))[:3]
