"""What a request used, in the units that Cloudflare bills: tokens, seconds of sound, images."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Units of one request. `cached_tokens` are those of the prompt served from a prefix cache."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    audio_seconds: float = 0.0
    images: int = 0
