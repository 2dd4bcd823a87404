"""The labelled text the adapters learn from, and how it is split.

Two sources are read as their authors published them:

* rated snippets: `hutto_ICWSM_2014.tar.gz` inside the vaderSentiment sdist, one
  `id TAB mean rating in [-4, 4] TAB text` a line, in four domains;
* CoNLL files: a token and its tag a line, an empty line between sentences, `-DOCSTART-` between
  documents where the source has documents.

Rows that came from one document stay on one side of a split: a review's or an article's sentences
share names and opinions, and a split between them would flatter the figures.
"""

import html
import io
import random
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol, TypeVar

DOMAINS = {
    "tweets": "tweets_GroundTruth.txt",
    "movies": "movieReviewSnippets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "editorials": "nytEditorialSnippets_GroundTruth.txt",
}


class Grouped(Protocol):
    """A row that knows the document it came from."""

    @property
    def group(self) -> str: ...


R = TypeVar("R", bound=Grouped)


@dataclass(frozen=True)
class Snippet:
    """One rated text. `rating` is the mean of 20 people's, from -4 (negative) to 4 (positive)."""

    text: str
    rating: float
    domain: str
    group: str


@dataclass(frozen=True)
class Sentence:
    """One tagged sentence in IOB2. `has_misc` is false where the source did not annotate MISC."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    has_misc: bool
    group: str


def read_snippets(sdist: Path, least_rating: float) -> list[Snippet]:
    """Read the rated snippets whose |rating| is at least `least_rating`, without repeated texts.

    Raises KeyError when `sdist` does not carry the rated snippets (the wheel does not).
    """
    inner = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
    kept: dict[str, Snippet] = {}
    with tarfile.open(sdist) as outer:
        packed = outer.extractfile(inner)
        assert packed is not None, f"{inner} is not a file"
        with tarfile.open(fileobj=io.BytesIO(packed.read())) as archive:
            for domain, name in DOMAINS.items():
                member = archive.extractfile(f"hutto_ICWSM_2014/{name}")
                assert member is not None, f"{name} is not a file"
                for line in member.read().decode("utf-8").splitlines():
                    number, rating, text = line.split("\t")
                    text = html.unescape(text).strip()
                    # Reviews and editorials are numbered document_sentence, the others just n.
                    group = f"{domain}/{number.split('_')[0]}"
                    if abs(float(rating)) >= least_rating:
                        row = Snippet(text, float(rating), domain, group)
                        kept.setdefault(" ".join(text.lower().split()), row)
    return list(kept.values())


def read_conll(path: Path, *, has_misc: bool) -> list[Sentence]:
    """Read a CoNLL file, its tags turned from IO or IOB2 into IOB2.

    A source without documents gets a group per sentence.
    """
    sentences: list[Sentence] = []
    document = 0
    with path.open(encoding="utf-8") as lines:
        for filled, block in groupby(lines, key=lambda line: bool(line.strip())):
            if not filled:
                continue
            pairs = [line.rsplit(maxsplit=1) for line in block]
            if pairs[0][0] == "-DOCSTART-":
                document += 1
                continue
            group = f"{path.stem}/{document or -len(sentences)}"
            tokens = tuple(pair[0] for pair in pairs)
            sentences.append(Sentence(tokens, to_iob2(p[-1] for p in pairs), has_misc, group))
    return sentences


def to_iob2(tags: Iterable[str]) -> tuple[str, ...]:
    """Open every entity with B-. In IO two neighbours of one type cannot be told apart: they merge.

    >>> to_iob2(["I-PER", "I-PER", "O", "I-ORG", "I-LOC", "B-LOC"])
    ('B-PER', 'I-PER', 'O', 'B-ORG', 'B-LOC', 'B-LOC')
    """
    result: list[str] = []
    before = "O"
    for tag in tags:
        opens = tag.startswith("I-") and before[2:] != tag[2:]
        result.append(f"B-{tag[2:]}" if opens else tag)
        before = tag
    return tuple(result)


def split(
    rows: Sequence[R], sizes: Mapping[str, int], rest: str, seed: int, largest: int
) -> dict[str, list[R]]:
    """Deal whole documents, in an order fixed by `seed`, until each part has its size of rows.

    Parts are filled in the order of `sizes`; what is left over goes to the part called `rest`. So
    does a document of more than `largest` rows: one long article must not decide a figure.
    """
    groups: dict[str, list[R]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    parts: dict[str, list[R]] = {name: [] for name in (*sizes, rest)}
    for name in names:
        open_parts = (p for p, size in sizes.items() if len(parts[p]) < size)
        part = rest if len(groups[name]) > largest else next(open_parts, rest)
        parts[part] += groups[name]
    return parts
