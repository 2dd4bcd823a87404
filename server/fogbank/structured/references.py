"""Where the references of a schema lead: pointers, anchors and ids within it, nothing outside."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from fogbank.structured.budget import LISTED, NAMED, SINGLE, UnusableSchema, quoted

HOME = "http://schema.invalid/"
"""The address of a schema that gives none."""


class References:
    """The addresses within one schema.

    `legacy` is for drafts up to 7: ids are written `id` up to draft 4, anchors as `#name` in ids,
    and what stands beside a `$ref` does not count.
    """

    def __init__(self, schema: Any, *, draft: int) -> None:
        self.legacy = draft <= 7
        self._id = "id" if draft <= 4 else "$id"
        self._places: dict[str, tuple[Any, str]] = {HOME: (schema, HOME)}
        self._collect(schema, HOME)

    def base(self, schema: Any, base: str) -> str:
        """The address that relative references in this schema start from."""
        given = schema.get(self._id) if isinstance(schema, Mapping) else None
        if not isinstance(given, str) or given.startswith("#"):
            return base
        if self.legacy and "$ref" in schema:
            return base
        return urldefrag(urljoin(base, given)).url

    def find(self, reference: Any, base: str) -> tuple[Any, str, str]:
        """The schema that is meant, its base, and one address for all ways to name it.

        Raises UnusableSchema for one that is not there.
        """
        if not isinstance(reference, str):
            raise UnusableSchema(f"has a '$ref' that is no text: {quoted(reference)}")
        try:
            address = urljoin(base, reference)
        except ValueError:
            address = reference
        place, fragment = urldefrag(address)
        found = self._places.get(address) or self._places.get(address.rstrip("#"))
        if found is None and (fragment.startswith("/") and place in self._places):
            found = self._pointed(unquote(fragment), *self._places[place])
        if found is None:
            raise UnusableSchema(
                f"refers to {quoted(reference)}, which is not in it:"
                " put it under '$defs', nothing is fetched"
            )
        return (*found, address.rstrip("#"))

    def _pointed(self, pointer: str, node: Any, base: str) -> tuple[Any, str] | None:
        for part in pointer[1:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, Mapping) and name in node:
                node = node[name]
            elif (
                isinstance(node, list)
                and name.isdecimal()
                and len(name) < 9
                and int(name) < len(node)
            ):
                node = node[int(name)]
            else:
                return None
            base = self.base(node, base)
        return node, base

    def _collect(self, schema: Any, base: str) -> None:
        if not isinstance(schema, Mapping):
            return
        base = self.base(schema, base)
        self._places.setdefault(base, (schema, base))
        for key in (self._id, "$anchor"):
            if isinstance(name := schema.get(key), str) and (key != self._id or name[:1] == "#"):
                anchor = name.removeprefix("#")
                self._places.setdefault(f"{base}#{anchor}", (schema, base))
        for key, value in schema.items():
            if (key in NAMED or key == "dependencies") and isinstance(value, Mapping):
                for item in value.values():
                    self._collect(item, base)
            elif key in LISTED or key in SINGLE:
                for item in value if isinstance(value, list) else [value]:
                    self._collect(item, base)
