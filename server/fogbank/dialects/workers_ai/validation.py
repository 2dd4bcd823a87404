"""Is a model input valid, and if not: what is wrong with it, in Workers AI's own words (code 5006).

    Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt',
    Type mismatch of '/messages/1/content', 'string' not in 'null', ...

Texts on record: contract 2.3. These too were seen in public reports of the service's answers:
`Length of '/text' must be >= 1`, `enum x not in a,b at '/type'`, `'/model' failed test ...
pattern`, and several additional properties in one error: `'/width, /height' at '/'`.

Ours, not on record: counts of items are worded like lengths; the order within an object is
properties as the schema lists them, then unknown ones, then `required`; at most MAX_PARTS errors of
MAX_TEXT characters in all, so that a hostile body cannot grow its own answer. Errors that branches
share are repeated once a branch, as the grammar says.

Time is linear in the body and recursion is as deep as the schema, however deep the body is.
"""

from typing import Any

from fogbank.dialects.workers_ai.validation_compile import compile_schema
from fogbank.dialects.workers_ai.validation_parts import ELLIPSIS, MAX_TEXT, Parts
from fogbank.dialects.workers_ai.validation_rules import vouched


class InputSchema:
    """A model's input schema, compiled once; safe to share between tasks and threads.

    `document` is the schema as data, for `models/schema`. Raises SchemaError for keywords that are
    not enforced.
    """

    __slots__ = ("_node", "document")

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._node = compile_schema(document)

    def validate(self, value: Any) -> list[str]:
        """The error parts of a parsed JSON value, in order; empty when it is valid."""
        parts = Parts()
        self._node(value, None, parts)
        return parts.texts

    def checked(self, value: dict[str, Any]) -> dict[str, Any]:
        """The properties of a valid input that are safe to read as the schema types them.

        One branch is enough to be valid, so `{"prompt": "hi", "messages": 5}` is; what only a
        branch that was not met knows, and what no branch knows, is left out here.
        """
        names = vouched(self._node, value)
        return {name: item for name, item in value.items() if name in names}


def describe(parts: list[str]) -> str:
    """What stands after `Bad input: `, from the parts of `InputSchema.validate`."""
    text = "Error: " + ", ".join(parts)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + ELLIPSIS


def text_boolean(value: Any) -> bool:
    """A boolean that the schema also takes as text: `true` or "true" (`raw`, contract 3.1)."""
    return value is True or value == "true"
