"""A format that is ready: what engines are held to, and what answers are held against."""

from dataclasses import dataclass

from fogbank.structured.examination import EXAMINATION, Busy, Lost
from fogbank.structured.verification import RegexVerifier, Verifier
from fogbank.tasks import Constraint

TIMELESS = "it took too long to verify"


@dataclass(frozen=True, slots=True)
class Structure:
    """Made by `Library.structure`.

    `constraints` begin with the widest and get narrower; `digest` is the SHA-256 of the format as
    it was sent; `after` the keywords that only `problem` looks at; `shortest` the characters of the
    shortest answer, roughly; `compile_ms` what making it took. `size` is in bytes. `schema` is the
    text of a schema that refers to itself: verifying may then take any time, elsewhere.
    """

    digest: str
    backend: str
    constraints: tuple[Constraint, ...]
    after: tuple[str, ...]
    shortest: int
    compile_ms: float
    size: int
    verifier: Verifier | RegexVerifier | None = None
    choices: frozenset[str] = frozenset()
    schema: str = ""

    async def problem(self, text: str) -> str | None:
        """Why this text is not an answer; None when it is one."""
        if self.choices:
            return None if text in self.choices else "it is none of the choices"
        if self.schema:
            try:
                told = await EXAMINATION.ask({"verify": text, "schema": self.schema})
            except (Busy, Lost):
                return TIMELESS
            return told.get("problem") or told.get("refused")
        assert self.verifier is not None
        return self.verifier.problem(text)
