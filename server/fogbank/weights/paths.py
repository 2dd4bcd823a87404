"""Names from outside (a hub, an archive, a profile) as paths that cannot leave their root."""

import re
from pathlib import Path

from fogbank.weights.errors import WeightsError

_KEPT = re.compile(r"[^A-Za-z0-9._-]+")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_LONGEST = 255


def slug(text: str) -> str:
    """One readable path component out of any text; not unique by itself."""
    return _KEPT.sub("--", text).strip(".-_")[:120] or "unnamed"


def is_slug(name: str) -> bool:
    """Whether a name is one safe path component, as `slug` and the store make them."""
    return bool(_SLUG.fullmatch(name))


def safe_join(root: Path, name: str) -> Path:
    """`root/name` for a relative name with forward slashes; `WeightsError` for anything else.

    Refused: absolute names, `..`, empty parts, hidden parts, backslashes, colons, control
    characters, parts longer than a file system takes.
    """
    parts = name.split("/")
    if not all(_is_plain(part) for part in parts):
        raise WeightsError(
            f"The file name {name!r} is not a plain relative path.",
            hint="Do not use these weights: no honest source has such a file name.",
        )
    return root.joinpath(*parts)


def _is_plain(part: str) -> bool:
    if not part or part.startswith(".") or not part.isprintable():
        return False
    return len(part.encode()) <= _LONGEST and not any(sign in part for sign in '\\:"')
