"""Spans of a sentence that may answer a question: amounts, dates, names, reasons, other parts."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from fogbank.deployments.esmap.models.energy_qa.question import Question
from fogbank.deployments.esmap.models.energy_qa.words import Word, stem, words
from fogbank.tasks import Entity

MOST_PARTS = 24
"""Of one sentence; the amounts, dates and names come besides."""

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s+)?{_MONTH}(?:\s+\d{{1,2}},?)?(?:\s+\d{{4}})?\b"
    r"|\b(?:1[5-9]|20)\d\d(?:[-–/]\d{2,4})?\b(?!\s?(?:[kMGT]?Wh?|%|km|tonnes|people|homes))"
    r"|\b(?:last|this|next)\s+(?:year|month|week|spring|summer|autumn|winter|decade)\b"
    r"|\b(?:spring|summer|autumn|winter|noon|midnight|sunset|sunrise)\b"
)
_NUMBER = (
    r"(?:\d{1,3}(?:[,  ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|dozens?|half|a (?:third|quarter|fifth|tenth))\b)"
)
_UNITS = {
    "share": r"%|percent\b|per cent\b",
    "money": r"(?:US )?(?:dollars?|euros?|pounds?|rupees|yuan|yen|cents?|USD|EUR|GBP)\b",
    "time": r"(?:years?|months?|weeks?|days?|hours?|minutes?|decades?|h)\b",
    "length": r"(?:km|m|cm|mm|miles?|metres?|meters?|kilomet(?:re|er)s?|feet)\b",
    "power": r"(?:[kMGT]Wp?|W|(?:mega|giga|kilo)?watts?)\b(?!-?h)",
    "energy": r"(?:[kMGT]Wh|Wh|[MGTPE]?J|BTU|(?:kilo|mega|giga)watt[- ]hours?)\b",
    "mass": r"(?:[kMG]t|kg|g|t|tonnes?|tons?|kilograms?)\b(?:\s+of\s+(?:CO2e?|carbon dioxide))?",
    "volume": r"(?:litres?|liters?|barrels?|cubic metres?|m3)\b",
}
_UNIT = "|".join(f"(?P<{name}>{unit})" for name, unit in _UNITS.items())
_AMOUNT = re.compile(
    rf"(?P<sign>(?:US)?[$€£¥₹]\s?)?{_NUMBER}(?:\s(?P<scale>thousand|million|billion|trillion))?"
    rf"(?:(?:\s|-)?(?:{_UNIT}))?(?:\s?(?:/|per\s)\s?[A-Za-z][A-Za-z0-9]{{0,8}}\b)?"
)
_REASON = re.compile(
    r"\b(?:because(?: of)?|since|due to|owing to|thanks to|as a result of|so that|in order to"
    r"|caused by|for fear of)\s+",
    re.I,
)
_MANNER = re.compile(r"\b(?:by|with|using|through|via)\s+", re.I)
_NAME_BEFORE = re.compile(r"\b[A-Z]\w+ ?\($")
_CLAUSE = re.compile(r"\s*[,;:()–—]\s*|\s+(?:and|but|while|which|that|because|so|when|where)\s+")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the context. `kinds` says what it may be; `dimension` what an amount measures."""

    start: int
    end: int
    kind: str
    dimension: str | None = None


def spans(text: str, start: int, question: Question, entities: Iterable[Entity]) -> list[Span]:
    """Those of the sentence `text`, which begins at `start`; one place may be of several kinds.

    A span that has no word beyond those of the question is no answer.
    """
    found: dict[tuple[int, int, str], Span] = {}
    dates = list(_dates(text))
    amounts = (span for span in _amounts(text) if not _within(span, dates))
    for source in (dates, amounts, _named(text, entities), _reasons(text), _parts(text, question)):
        for span in source:
            first, last = _trimmed(text, span.start, span.end)
            if first < last and not _echoes(text[first:last], question):
                found.setdefault(
                    (first, last, span.kind),
                    Span(start + first, start + last, span.kind, span.dimension),
                )
    return list(found.values())


def _echoes(answer: str, question: Question) -> bool:
    content = [word for word in words(answer) if word.is_content]
    return bool(content) and all(word.stem in question.stems for word in content)


def _dates(text: str) -> Iterator[Span]:
    for match in _DATE.finditer(text):
        if match[0] != "May" or match.start():
            yield Span(*match.span(), "date")


def _within(span: Span, others: Iterable[Span]) -> bool:
    """Whether it is a part of one of the others: the year of a date counts nothing."""
    return any(other.start <= span.start and span.end <= other.end for other in others)


def _amounts(text: str) -> Iterator[Span]:
    """Numbers with their units; those without one also with the word that is counted."""
    for match in _AMOUNT.finditer(text):
        if match.start() and text[match.start() - 1].isalnum():
            continue
        dimension = match.lastgroup if match.lastgroup in _UNITS else None
        dimension = "money" if match["sign"] else dimension
        yield Span(*match.span(), "amount", dimension)
        if dimension is None:
            after = words(text[match.end() :], match.end())
            if after and after[0].is_content and after[0].text[0].isalpha():
                yield Span(match.start(), after[0].end, "amount", stem(after[0].text))


def _named(text: str, entities: Iterable[Entity]) -> Iterator[Span]:
    for entity in entities:
        if _is_short_form(text, entity.start, entity.end):
            continue
        kind = {"LOC": "place", "PER": "name", "ORG": "name"}.get(entity.entity_group, "run")
        yield Span(entity.start, entity.end, kind)
    run: list[Word] = []
    for word in [*words(text), Word(".", len(text), len(text))]:
        if word.is_word and word.text[0].isupper() and (word.start or word.is_content):
            run.append(word)
        elif run:
            if not _is_short_form(text, run[0].start, run[-1].end):
                yield Span(run[0].start, run[-1].end, "run")
            run = []


def _is_short_form(text: str, start: int, end: int) -> bool:
    """Whether it stands in brackets behind a name, which says more: "World Bank (WB)"."""
    return bool(text[end : end + 1] == ")" and _NAME_BEFORE.search(text, 0, start))


def _reasons(text: str) -> Iterator[Span]:
    for kind, cue in (("reason", _REASON), ("manner", _MANNER)):
        for match in cue.finditer(text):
            end = re.search(r"[,;.]\s|[.]$", text[match.end() :])
            stop = match.end() + end.start() if end else len(text)
            yield Span(match.end(), stop, kind)


def _parts(text: str, question: Question) -> Iterator[Span]:
    """Clauses, and of each what lies around the question's words; and runs of content words."""
    count = 0
    bounds = [0, *(edge for match in _CLAUSE.finditer(text) for edge in match.span()), len(text)]
    pieces = [(first, last) for first, last in pairwise(bounds) if text[first:last].strip()]
    for first, last in [(0, len(text)), *pieces]:
        yield Span(first, last, "clause")
        for span in (*_around(text, first, last, question), *_chunks(text, first, last, question)):
            yield span
            count += 1
            if count == MOST_PARTS:
                return


def _around(text: str, first: int, last: int, question: Question) -> Iterator[Span]:
    own = words(text[first:last], first)
    asked = [at for at, word in enumerate(own) if word.is_content and word.stem in question.stems]
    if not asked:
        return
    for left, right in pairwise([-1, *asked, len(own)]):
        if right - left > 1:
            yield Span(own[left + 1].start, own[right - 1].end, "part")


def _chunks(text: str, first: int, last: int, question: Question) -> Iterator[Span]:
    """Runs of content words that the question lacks, also two of them joined by "of" or "and"."""
    runs: list[tuple[Word, Word]] = []
    run: list[Word] = []
    for word in [*words(text[first:last], first), Word(".", last, last)]:
        if word.is_content and word.stem not in question.stems:
            run.append(word)
        elif run:
            runs.append((run[0], run[-1]))
            run = []
    for head, tail in runs:
        yield Span(head.start, tail.end, "chunk")
    for (head, joint), (other, tail) in pairwise(runs):
        if re.fullmatch(r"\s+(?:of|and|&)\s+(?:the\s+|an?\s+)?", text[joint.end : other.start]):
            yield Span(head.start, tail.end, "chunk")


def _trimmed(text: str, first: int, last: int) -> tuple[int, int]:
    """Without blanks, marks and loose conjunctions at its ends."""
    own = words(text[first:last], first)
    while own and (not own[-1].is_word and own[-1].text not in "%)"):
        own.pop()
    while own and (
        (not own[0].is_word and own[0].text not in "$€£¥₹")
        or (len(own) > 1 and own[0].text.lower() in ("and", "or", "but", "by", "that", "which"))
    ):
        own.pop(0)
    return (own[0].start, own[-1].end) if own else (first, first)
