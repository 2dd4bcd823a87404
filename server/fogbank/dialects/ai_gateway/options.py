"""How a request wants to be treated on its way: `cf-aig-*` headers and a step's `config`.

Precedence: the step's config, then the request's headers, then the server's settings
(contract 1.7).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from fogbank import errors
from fogbank.errors import AIError
from fogbank.settings import Settings

PREFIX = "cf-aig-"
OLD_NAMES = {"cf-cache-ttl": "cf-aig-cache-ttl", "cf-skip-cache": "cf-aig-skip-cache"}
MIN_TTL, MAX_TTL = 60, 30 * 24 * 3600
KEYED_TTL = 300
MAX_ATTEMPTS = 5
MAX_RETRY_DELAY_MS = 5000
MAX_METADATA = 5
BACKOFFS = ("constant", "linear", "exponential")
CONFIG = {
    "requestTimeout": "request-timeout",
    "maxAttempts": "max-attempts",
    "retryDelay": "retry-delay",
    "backoff": "backoff",
}
"""A step's keys, and what they are called in a header."""
BINDING = {
    "skipCache": "skip-cache",
    "cacheTtl": "cache-ttl",
    "cacheKey": "cache-key",
    "metadata": "metadata",
    "collectLog": "collect-log",
    "eventId": "event-id",
    "requestTimeoutMs": "request-timeout",
    "maxAttempts": "max-attempts",
    "retryDelayMs": "retry-delay",
    "backoff": "backoff",
}
"""Keys of `options.gateway` and of its `retries`, and what they are called in a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Times in seconds. `cache_ttl` 0 is no cache; `cache_asked` tells that the client wants it."""

    cache_ttl: float = 0
    cache_asked: bool = False
    cache_key: str | None = None
    skip_cache: bool = False
    collect_log: bool = True
    event_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    custom_cost: Mapping[str, Any] | None = None
    request_timeout: float | None = None
    max_attempts: int = 1
    retry_delay: float = 1.0
    backoff: str = "constant"

    def delay(self, attempt: int) -> float:
        """Seconds to wait after this failed attempt; the first is 1."""
        if self.backoff == "linear":
            return self.retry_delay * attempt
        if self.backoff == "exponential":
            return self.retry_delay * 2.0 ** (attempt - 1)
        return self.retry_delay


def from_headers(headers: Mapping[str, str], settings: Settings) -> Options:
    """The options of a whole request; `headers` by lower-case name. Raises AIError (8001)."""
    return _options(_given(headers), settings, PREFIX.__add__)


def from_binding(
    gateway: Mapping[str, Any], headers: Mapping[str, str], settings: Settings
) -> Options:
    """Those of `env.AI.run(..., {gateway})`, over headers; what is null or absent is not given.

    A `cacheTtl` of 0 counts as absent, as where the binding makes headers of them (contract 6.5).
    Raises AIError (8001), which names the option.
    """
    retries = gateway.get("retries")
    values = {**gateway, **(retries if isinstance(retries, dict) else {})}
    values["cacheTtl"] = values.get("cacheTtl") or None
    given = {
        name: _text(values[option])
        for option, name in BINDING.items()
        if values.get(option) is not None
    }
    told = {name: f"options.gateway.{option}" for option, name in BINDING.items()}
    return _options(_given(headers) | given, settings, lambda name: told.get(name, PREFIX + name))


def _text(value: Any) -> str:
    """As the binding writes an option into a header; empty for what is nested too deeply."""
    try:
        return value if isinstance(value, str) else str(orjson.dumps(value), "latin-1")
    except orjson.JSONEncodeError:
        return ""


def _given(headers: Mapping[str, str]) -> dict[str, str]:
    old = {new: headers[name] for name, new in OLD_NAMES.items() if name in headers}
    return {
        name.removeprefix(PREFIX): value
        for name, value in (old | dict(headers)).items()
        if name.startswith(PREFIX)
    }


def _options(given: Mapping[str, str], settings: Settings, told: Callable[[str], str]) -> Options:
    """`told` names an option as the client knows it."""
    options = Options(cache_ttl=settings.gateway_cache_ttl)
    if given.get("cache-key"):
        options = replace(
            options,
            cache_key=given["cache-key"],
            cache_asked=True,
            cache_ttl=options.cache_ttl or KEYED_TTL,
        )
    if "cache-ttl" in given:
        ttl = _number(given["cache-ttl"], told("cache-ttl"))
        options = replace(options, cache_ttl=_ttl(ttl), cache_asked=ttl > 0)
    return replace(
        options,
        skip_cache=given.get("skip-cache", "").lower() == "true",
        collect_log=given.get("collect-log", "").lower() != "false",
        event_id=given.get("event-id"),
        metadata=_metadata(given.get("metadata"), told("metadata")),
        custom_cost=_object(given.get("custom-cost"), told("custom-cost")),
        **_handling(given, told),
    )


def of_step(options: Options, config: Mapping[str, Any]) -> Options:
    """The options of one step of a universal request. Raises AIError (8001)."""
    named = {header: f"config.{name}" for name, header in CONFIG.items()}
    given = {CONFIG[name]: value for name, value in config.items() if name in CONFIG}
    options = replace(options, **_handling(given, named.__getitem__))
    if isinstance(config.get("skipCache"), bool):
        options = replace(options, skip_cache=config["skipCache"])
    if "cacheTtl" in config:
        ttl = _number(config["cacheTtl"], "config.cacheTtl")
        options = replace(options, cache_ttl=_ttl(ttl), cache_asked=ttl > 0)
    return options


def _handling(given: Mapping[str, Any], told: Callable[[str], str]) -> dict[str, Any]:
    """Timeout and retries, which headers and configs have in common; `told` names a key in full."""
    found: dict[str, Any] = {}
    if "request-timeout" in given:
        milliseconds = _number(given["request-timeout"], told("request-timeout"))
        found["request_timeout"] = milliseconds / 1000 if milliseconds > 0 else None
    if "max-attempts" in given:
        attempts = _number(given["max-attempts"], told("max-attempts"))
        found["max_attempts"] = min(max(int(attempts), 1), MAX_ATTEMPTS)
    if "retry-delay" in given:
        delay = _number(given["retry-delay"], told("retry-delay"))
        found["retry_delay"] = min(max(delay, 0), MAX_RETRY_DELAY_MS) / 1000
    if "backoff" in given:
        if given["backoff"] not in BACKOFFS:
            allowed = ", ".join(BACKOFFS)
            raise _invalid(told("backoff"), f"must be one of {allowed}")
        found["backoff"] = given["backoff"]
    return found


def _ttl(seconds: float) -> float:
    return min(max(seconds, MIN_TTL), MAX_TTL) if seconds > 0 else 0


def _number(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bool):
        raise _invalid(name, "must be a number")
    return number


def _metadata(text: str | None, name: str) -> Mapping[str, Any] | None:
    entries = _object(text, name)
    return None if entries is None else metadata(entries, name)


def metadata(entries: Any, name: str) -> Mapping[str, Any]:
    """The first five entries: more are not kept (contract 1.7). Raises AIError (8001)."""
    if not isinstance(entries, dict):
        raise _invalid(name, "must be a JSON object")
    if not all(isinstance(value, str | int | float | bool) for value in entries.values()):
        raise _invalid(name, "may hold texts, numbers and booleans only")
    return dict(list(entries.items())[:MAX_METADATA])


def _object(text: str | None, name: str) -> Mapping[str, Any] | None:
    if text is None:
        return None
    try:
        # A header is bytes; Python's clients send JSON in UTF-8.
        value = orjson.loads(text.encode("latin-1"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _invalid(name, "must be a JSON object")
    return value


def _invalid(name: str, what: str) -> AIError:
    return AIError(errors.INVALID_INPUT, detail=f"'{name}' {what}")
