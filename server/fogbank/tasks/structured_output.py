"""Structured output: the form of an answer, what engines are held to, and the proof."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """JSON mode. `schema` None asks for any JSON object or array, else a value of that schema."""

    schema: Any | None = None


@dataclass(frozen=True, slots=True)
class RegexFormat:
    """Text that a regular expression matches from its first to its last character."""

    pattern: str


@dataclass(frozen=True, slots=True)
class ChoiceFormat:
    """One of these texts."""

    choices: tuple[str, ...]


OutputFormat = JsonFormat | RegexFormat | ChoiceFormat


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an engine holds an answer to while it writes.

    `text` is a JSON Schema, a regular expression, or a grammar in llguidance's Lark.
    """

    kind: Literal["json", "regex", "lark"]
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """How an answer came to fit its format.

    `digest` is the SHA-256 of the format as it was sent; `backend` what constrained the engine;
    `compile_ms` what preparing it took (0 where it was known); `after` the keywords that only the
    verification looked at; `closed` that `max_tokens` made it end early.
    """

    digest: str
    backend: str
    compile_ms: float
    after: tuple[str, ...] = ()
    tries: int = 1
    closed: bool = False
    verified: bool = True

    def __str__(self) -> str:
        """As a header carries it."""
        words = [f"sha256={self.digest}", f"backend={self.backend}"]
        words += [f"compile-ms={self.compile_ms:.1f}", f"tries={self.tries}"]
        words += ["closed"] * self.closed + ["verified"] * self.verified
        return "; ".join(words)

    def as_json(self) -> dict[str, Any]:
        """As the last event of a stream carries it."""
        return {
            "verified": self.verified,
            "schema_sha256": self.digest,
            "backend": self.backend,
            "compile_ms": round(self.compile_ms, 1),
            "tries": self.tries,
            "closed": self.closed,
            "verified_after": list(self.after),
        }
