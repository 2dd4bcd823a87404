"""Which column of a log is what: recognised by its name, or said by whoever imports it.

Names are those of AI Gateway's logs and analytics, Workers AI's analytics, OpenAI's answers and
usage API, and this server's own ledger.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

KNOWN: dict[str, tuple[str, ...]] = {
    "at": (
        "created_at",
        "timestamp",
        "at",
        "datetime",
        "dimensions.datetime",
        "dimensions.datetimeHour",
        "dimensions.date",
        "start_time",
        "created",
        "date",
        "day",
        "time",
    ),
    "model": ("model", "modelId", "model_id", "dimensions.modelId", "dimensions.model"),
    "prompt_tokens": (
        "tokens_in",
        "prompt_tokens",
        "input_tokens",
        "usage.prompt_tokens",
        "usage.input_tokens",
        "sum.totalInputTokens",
        "sum.inputTokens",
        "sum.uncachedTokensIn",
    ),
    "completion_tokens": (
        "tokens_out",
        "completion_tokens",
        "output_tokens",
        "usage.completion_tokens",
        "usage.output_tokens",
        "sum.totalOutputTokens",
        "sum.outputTokens",
        "sum.uncachedTokensOut",
    ),
    "cached_tokens": (
        "cached_tokens",
        "input_cached_tokens",
        "usage.prompt_tokens_details.cached_tokens",
        "usage.input_tokens_details.cached_tokens",
    ),
    "requests": ("num_model_requests", "requests", "count"),
    "neurons": ("neurons", "usage.neurons", "sum.totalNeurons", "sum.neurons"),
    "key": ("key", "api_key_id", "api_key", "project_id"),
    "from_cache": ("cached", "from_cache"),
    "success": ("success",),
    "audio_seconds": ("audio_seconds",),
    "images": ("images",),
}
NEEDED = ("model", "prompt_tokens", "completion_tokens")


class UnknownColumns(ValueError):
    """Columns that must be said: the message tells which, and what there is."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The name of the column of each field that there is."""

    names: Mapping[str, str]

    def __contains__(self, field: str) -> bool:
        return field in self.names


def find_columns(there: Iterable[str], said: Mapping[str, str]) -> Columns:
    """`said` wins over what is recognised. Raises UnknownColumns.

    A log without tokens is good enough where it has neurons.
    """
    columns = list(there)
    lower = {name.lower(): name for name in reversed(columns)}
    found = {}
    for field, names in KNOWN.items():
        if field in said:
            if said[field] not in columns:
                raise UnknownColumns(
                    f"there is no column {said[field]!r}; there are: {', '.join(columns)}"
                )
            found[field] = said[field]
        elif match := next((lower[n.lower()] for n in names if n.lower() in lower), None):
            found[field] = match
    for field in said:
        if field not in KNOWN:
            raise UnknownColumns(f"{field!r} is no field; there are: {', '.join(KNOWN)}")
    missing = [field for field in NEEDED if field not in found]
    if "neurons" in found:
        missing = [field for field in missing if field == "model"]
    if missing:
        asked = " ".join(f"--column {field}=NAME" for field in missing)
        raise UnknownColumns(
            f"no column is known as {', '.join(missing)}. Say which: {asked}\n"
            f"There are: {', '.join(columns)}"
        )
    return Columns(found)
