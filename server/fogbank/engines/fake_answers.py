"""What the fake engine answers: functions of the request alone, meaningless and repeatable."""

import json
import math
import re
import zlib
from hashlib import shake_256
from typing import Any

from fogbank.tasks import (
    Constraint,
    Entity,
    LabelScore,
    Pooling,
    QuestionAnsweringRequest,
    QuestionAnsweringResult,
    SpeechRecognitionRequest,
    SpeechRecognitionResult,
    SpeechSegment,
    SpokenWord,
    TextGenerationRequest,
    TokenLogprob,
    Usage,
)

MAX_SCHEMA_DEPTH = 32
_CAPITALISED = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)*")
_NAMED = re.compile(rf"{_CAPITALISED.pattern}|\d[\d.,]*\d|\d")
_CALL = re.compile(r"call (\S+) (\{.*?\}(?= call|$))")
_GROUPS = ("PER", "ORG", "LOC", "MISC")


def prompt_words(request: TextGenerationRequest) -> list[str]:
    """The prompt's tokens: its words, each message led by its role as one word."""
    if request.messages is None:
        return (request.prompt or "").split()
    words: list[str] = []
    for message in request.messages:
        words.append(message["role"])
        words.extend(message["content"].split())
    return words


def word_ids(words: list[str]) -> list[int]:
    """One id per word; the same word has the same id in every process."""
    return [zlib.crc32(word.encode()) for word in words]


def echo(request: TextGenerationRequest) -> str:
    """The words of the prompt, or of the last message; in JSON mode a small valid instance.

    Under a LoRA adapter its name stands before them. With tools, `call NAME {...}` is answered by
    that call, and several by several.
    """
    if request.constraint is not None:
        return constrained(request.constraint)
    text = request.messages[-1]["content"] if request.messages else request.prompt
    if request.tools and (calls := _CALL.findall(text or "")):
        return "; ".join(f'{{"name": "{name}", "parameters": {given}}}' for name, given in calls)
    words = (text or "").split()
    return " ".join([f"[{request.lora.name}]", *words] if request.lora else words)


def constrained(constraint: Constraint) -> str:
    """Compact JSON for a schema; of a regular expression its first choice, as if all were plain."""
    if constraint.kind != "json":
        return re.sub(r"\\(.)", r"\1", constraint.text.partition("|")[0])
    schema = json.loads(constraint.text)
    return json.dumps(instance(schema, schema), separators=(",", ":"), ensure_ascii=False)


def instance(schema: object, root: object, depth: int = 0) -> object:
    """A small instance of a simple JSON Schema.

    Knows const, enum, type, required, items, minItems, minLength, bounds, anyOf, oneOf, allOf's
    first branch and local $ref; `{}` for what it does not know.
    """
    if not isinstance(schema, dict) or depth > MAX_SCHEMA_DEPTH:
        return {}
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return instance(_resolve(str(schema["$ref"]), root), root, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return instance(schema[key][0], root, depth + 1)
    return _of_type(schema, root, depth)


def _of_type(schema: dict[str, Any], root: object, depth: int) -> object:
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0] if kind else "object"
    match kind:
        case "array":
            item = instance(schema.get("items", {}), root, depth + 1)
            return [item] * int(schema.get("minItems", 0))
        case "string":
            return "x" * int(schema.get("minLength", 0))
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case "null":
            return None
    properties = schema.get("properties", {})
    return {
        key: instance(properties.get(key, {}), root, depth + 1)
        for key in schema.get("required", [])
    }


def _number(schema: dict[str, Any]) -> object:
    low = schema.get("minimum")
    if low is None and "exclusiveMinimum" in schema:
        low = math.floor(schema["exclusiveMinimum"]) + 1
    if low is not None and low > 0:
        return math.ceil(low) if schema.get("type") == "integer" else low
    high = schema.get("maximum")
    if high is None and "exclusiveMaximum" in schema:
        high = math.ceil(schema["exclusiveMaximum"]) - 1
    if high is not None and high < 0:
        return math.floor(high) if schema.get("type") == "integer" else high
    return 0


def _resolve(ref: str, root: object) -> object:
    node = root
    for part in ref.removeprefix("#").strip("/").split("/"):
        if part:
            node = node.get(part, {}) if isinstance(node, dict) else {}
    return node


def pieces(text: str, *, is_json: bool) -> list[str]:
    """The text cut into tokens: words with the space before them, or the lexemes of JSON."""
    return re.findall(r"\w+|\W" if is_json else r"\s*\S+", text)


def logprobs(token: str, top: int | None) -> tuple[TokenLogprob, ...]:
    """A fake log-probability, with `top` likeliest tokens, itself first; none for None."""
    if top is None or not token:
        return ()
    own = -(shake_256(token.encode()).digest(1)[0] + 1) / 256
    others = tuple((f"{token}{rank}", own - rank) for rank in range(1, top))
    return (TokenLogprob(token, own, ((token, own), *others)[:top]),)


def vector(text: str, pooling: Pooling, dimensions: int) -> list[float]:
    """A fake embedding, L2-normalised: equal for equal texts, else unrelated."""
    digest = shake_256(f"{pooling}\0{text}".encode()).digest(2 * dimensions)
    raw = [
        int.from_bytes(digest[at : at + 2], "little") - 32767.5 for at in range(0, len(digest), 2)
    ]
    norm = math.sqrt(sum(value * value for value in raw))
    return [value / norm for value in raw]


def label_scores(text: str, labels: tuple[str, ...]) -> list[LabelScore]:
    """Fake probabilities that sum to 1, in the order of the labels."""
    weights = [byte + 1 for byte in shake_256(text.encode()).digest(len(labels))]
    return [
        LabelScore(label, weight / sum(weights))
        for label, weight in zip(labels, weights, strict=True)
    ]


def relevance(query: str, passage: str) -> float:
    """The share of the query's words that the passage has, between 0 and 1."""
    words = set(query.lower().split())
    return len(words & set(passage.lower().split())) / max(1, len(words))


def span(request: QuestionAnsweringRequest) -> QuestionAnsweringResult:
    """The context's last run of capitalised words or figures that the question lacks, if any."""
    usage = Usage(len(request.question.split()) + len(request.context.split()))
    score = 0.5 + shake_256(request.context.encode()).digest(1)[0] / 512
    runs = _NAMED.finditer(request.context)
    found = [match for match in runs if match[0] not in request.question]
    if not found:
        return QuestionAnsweringResult("", score, 0, 0, usage)
    last = found[-1]
    return QuestionAnsweringResult(last[0], score, last.start(), last.end(), usage)


def summary(text: str, max_length: int) -> str:
    """The first sentence, at most `max_length` words of it."""
    first = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]
    return " ".join(first.split()[:max_length])


def translation(text: str, source: str, target: str) -> str:
    """The text itself, led by the languages."""
    return f"[{source}>{target}] {text}"


def transcription(request: SpeechRecognitionRequest) -> SpeechRecognitionResult:
    """A word a second of silence-free fake speech, 16,000 bytes a second, in segments of five."""
    seconds = len(request.audio) / 16_000
    digest = shake_256(request.audio).digest(max(1, math.ceil(seconds)))
    words = [
        SpokenWord(f"word{byte}", float(at), min(at + 1.0, seconds))
        for at, byte in enumerate(digest)
    ]
    if request.prefix:
        words[0] = SpokenWord(f"{request.prefix} {words[0].word}", 0.0, words[0].end)
    segments = []
    for at in range(0, len(words), 5):
        said = tuple(words[at : at + 5])
        text = " ".join(word.word for word in said)
        segments.append(SpeechSegment(text, said[0].start, said[-1].end, said))
    return SpeechRecognitionResult(
        text=" ".join(segment.text for segment in segments),
        segments=tuple(segments),
        duration=seconds,
        duration_after_vad=seconds,
        language=request.language or "en",
        language_probability=1.0,
        usage=Usage(audio_seconds=seconds),
    )


def image_scores(image: bytes, labels: tuple[str, ...]) -> list[LabelScore]:
    """Fake probabilities of an image's labels, the likeliest five, best first."""
    scores = label_scores(shake_256(image).hexdigest(8), labels)
    return sorted(scores, key=lambda item: -item.score)[:5]


def entities(text: str) -> list[Entity]:
    """Every run of capitalised words, its type and score drawn from a hash of it."""
    found = []
    for match in _CAPITALISED.finditer(text):
        digest = shake_256(match[0].encode()).digest(2)
        group, score = _GROUPS[digest[0] % len(_GROUPS)], 0.5 + digest[1] / 512
        found.append(Entity(group, match[0], score, match.start(), match.end()))
    return found
