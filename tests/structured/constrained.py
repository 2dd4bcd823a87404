"""What an engine that is held to a constraint may write: llguidance with a token for each byte."""

import json
import random
import string
from typing import Any, Literal

import llguidance

Kind = Literal["json_schema", "regex", "grammar"]

_BYTES = llguidance.LLTokenizer("byte")
_EASY = frozenset(string.printable.encode()) - frozenset(b'\\{["')
_NESTING = frozenset(b"{[")
_OUTSIDE = b'}]",'
_WITHIN = b'"'
_IN_TEXT = 20
"""So many bytes are allowed within texts only."""

SOFT = 60
"""Bytes after which a walk makes for the end."""

HARD = 2_000


def compact(value: Any) -> str:
    """As an engine writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def matcher(text: str, kind: Kind = "json_schema") -> llguidance.LLMatcher:
    """For a constraint, or with `kind` a `regex` or a `grammar` in Lark."""
    made = llguidance.LLMatcher(_BYTES, llguidance.grammar_from(kind, text), log_level=0)
    assert not made.is_error(), made.get_error()
    return made


def accepts(constraint: str, text: str, kind: Kind = "json_schema") -> bool:
    """Whether an engine that is held to the constraint can write this and end."""
    held = matcher(constraint, kind)
    tokens = _BYTES.tokenize_bytes(text.encode())
    return held.try_consume_tokens(tokens) == len(tokens) and held.is_accepting()


def written(
    constraint: str, seed: int, kind: Kind = "json_schema", *, soft: int = SOFT
) -> str | None:
    """What a model writes that chooses by chance, and makes for the end after `soft` bytes.

    None where that has not come after HARD bytes, or never comes.
    """
    held = matcher(constraint, kind)
    chance = random.Random(seed)
    out = bytearray()
    while len(out) < HARD:
        if held.is_stopped():
            return out.decode()
        mask = int.from_bytes(held.compute_bitmask(), "little")
        allowed = [byte for byte in range(256) if mask >> byte & 1]
        if held.is_accepting() and (not allowed or len(out) >= soft or chance.random() < 0.3):
            return out.decode()
        assert allowed, (constraint, bytes(out))
        out.append(_chosen(allowed, chance, ending=len(out) >= soft or chance.random() < 0.2))
        if not held.consume_token(out[-1]):
            return None  # too deep for it: a schema that has no end there
    return None


def _chosen(allowed: list[int], chance: random.Random, *, ending: bool) -> int:
    """A byte that the constraint allows. No exponents: those make numbers that none can hold."""
    if ending:
        for closing in _WITHIN if len(allowed) > _IN_TEXT else _OUTSIDE:
            if closing in allowed:
                return closing
        allowed = [byte for byte in allowed if byte not in _NESTING] or allowed
    if ord("E") in allowed and len(allowed) <= _IN_TEXT:
        allowed = [byte for byte in allowed if byte not in b"eE"] or allowed
    if chance.random() < 0.8:
        allowed = [byte for byte in allowed if byte in _EASY] or allowed
    return chance.choice(allowed)
