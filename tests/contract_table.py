"""Makes docs/contract.md from the marks of the tests: `python -m tests.contract_table`.

Read from the sources, not by collecting, so that it is the same with and without engines.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "contract.md"

CONTRACT = {
    "1.1": "The run route: bodies, names, envelope",
    "1.2": "Response headers",
    "1.3": "Streaming",
    "1.4": "models/search",
    "1.5": "Other `/ai` routes: schema, tasks, authors, fine-tunes, tomarkdown",
    "1.6": "OpenAI and Anthropic forms",
    "1.7": "AI Gateway",
    "1.8": "Tokens, user, accounts",
    "2.1": "Errors as documented",
    "2.2": "Errors as seen on the wire",
    "2.3": "The grammar of validation errors",
    "2.4": "Errors of the front door",
    "3.1": "Text generation: parameters",
    "3.2": "Text generation: native answers",
    "3.3": "Text generation: chat completions on the run route",
    "3.4": "JSON mode",
    "3.5": "Roles and prompts",
    "3.6": "gpt-oss and Responses",
    "3.7": "Clef decision models",
    "4": "Other tasks",
    "5.1": "Asynchronous batch",
    "5.2": "Prompt caching",
    "5.3": "LoRA",
    "5.4": "Function calling",
    "6.1": "The binding's routes",
    "6.2": "The binding's run: body, headers, streams",
    "6.3": "What the binding makes of an answer",
    "6.4": "What the binding makes of an error",
    "6.5": "Gateway options of the binding",
    "6.6": "The forms in which tools wrap the binding's requests",
    "7": "Neurons and prices",
    "8": "Limits, context windows, deprecations",
}
DECISIONS = {
    "decision 1": "JSON mode: a parsed value with a schema, text without",
    "decision 2": "Deprecated names are served unless a card says no",
    "decision 3": "Prices that are assumed, and models without one",
    "decision 4": "An account id is 32 hexadecimal digits",
    "decision 5": "Keys: none on loopback, or the ones that were made",
    "decision 6": "How streams end, well or not",
    "decision 7": "Token classification, an extension",
    "decision 8": "Weights that a profile lacks; a model that loads",
    "decision 9": "Stand-ins: which models they may play",
    "decision 10": "The context window is the smaller one",
    "decision 11": "The deadline",
    "decision 12": "Retry-After",
    "decision 13": "Embeddings: length one, base64 when asked",
    "decision 14": "Where the gateway is mounted; cf-aig-step",
    "decision 15": "Browsers: Origin, Host, CORS",
}
CLIENTS = {
    "clients 1": "Models with `/` and with `%2F`",
    "clients 2": "JSON told by content",
    "clients 3": "All four keys of the envelope",
    "clients 4": "Content types without charset",
    "clients 5": "`data: [DONE]` after every success",
    "clients 6": "No empty `tool_calls` in chunks; usage once",
    "clients 7": "An empty page after the last",
    "clients 8": "Embeddings in base64",
    "clients 9": "Explicit nulls where clients send them",
    "clients 10": "`/ai/v1/v1/messages`, `files[]`, `/workers-ai/run/`",
    "clients 11": "Array results stay arrays",
    "clients 12": "Statuses, since retries depend on them",
}
SECTIONS = CONTRACT | DECISIONS | CLIENTS
NOT_SERVED = {"3.7": "no profile has the weights, so the models answer 5018"}
HEAD = """# The contract, section by section

Which tests show which part of the Workers AI contract. Made by `python -m tests.contract_table`
from the marks in the tests; a test fails when this page is behind. Rows of a test that runs once
for each row stand in brackets.
"""
PARTS = {
    "1.1": "The contract",
    "decision 1": "Where the contract is open",
    "clients 1": "What clients trip over",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A test that shows a section; `rows` are its cases, where they have names."""

    section: str
    test: str
    rows: tuple[str, ...] = ()


def marked(path: Path) -> Iterator[Shown]:
    """What the tests of one file show."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    tables = dict(_tables(module))
    common: list[str] = []
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            common = _sections(node.value)
    for test in ast.walk(module):
        if not isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not test.name.startswith("test_"):
            continue
        own = [section for mark in test.decorator_list for section in _sections(mark)]
        rows = tuple(row for mark in test.decorator_list for row in _rows(mark, tables))
        for section in dict.fromkeys(common + own):
            yield Shown(section, test.name, rows)


def files() -> list[Path]:
    """Every file of tests, but for those of other people's packages."""
    found = (path for path in TESTS.rglob("test_*.py") if "node_modules" not in path.parts)
    return sorted(found)


def page() -> str:
    """The whole page."""
    found: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {name: {} for name in SECTIONS}
    for path in files():
        name = path.relative_to(TESTS.parent).as_posix()
        for shown in marked(path):
            if shown.section not in found:
                raise SystemExit(f"{name}: {shown.test} names a section {shown.section!r}")
            found[shown.section].setdefault(name, {})[shown.test] = shown.rows
    parts = [HEAD]
    for section, title in SECTIONS.items():
        if section in PARTS:
            parts.append(f"\n## {PARTS[section]}\n")
        parts.append(f"\n### {section} {title}\n\n")
        if section in NOT_SERVED:
            parts.append(f"Not served: {NOT_SERVED[section]}.\n\n")
        for name, tests in found[section].items():
            listed = ", ".join(_listed(test, rows) for test, rows in sorted(tests.items()))
            parts.append(f"* [{name}](../{name}): {listed}\n")
    return "".join(parts)


def _listed(test: str, rows: tuple[str, ...]) -> str:
    name = f"`{test.removeprefix('test_')}`"
    return f"{name} ({', '.join(rows)})" if rows else name


def _calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and ast.unparse(inner.func) == name:
            yield inner


def _sections(node: ast.AST) -> list[str]:
    calls = _calls(node, "pytest.mark.contract")
    return [str(arg.value) for call in calls for arg in call.args if isinstance(arg, ast.Constant)]


def _rows(mark: ast.AST, tables: dict[str, list[str]]) -> Iterator[str]:
    """`id` of each `pytest.param`, or `ids`: texts, or the dictionary whose keys they are."""
    for call in _calls(mark, "pytest.param"):
        yield from (_text(word.value) for word in call.keywords if word.arg == "id")
    for call in _calls(mark, "pytest.mark.parametrize"):
        for word in call.keywords:
            if word.arg != "ids":
                continue
            if isinstance(word.value, ast.Name):
                yield from tables.get(word.value.id, [])
            elif isinstance(word.value, ast.List):
                yield from map(_text, word.value.elts)


def _tables(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Dictionaries of the module whose keys are texts, by name."""
    for node in module.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Dict):
            yield target.id, [_text(key) for key in value.keys if isinstance(key, ast.Constant)]


def _text(node: ast.AST) -> str:
    return f"`{node.value!s}`" if isinstance(node, ast.Constant) else ast.unparse(node)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
