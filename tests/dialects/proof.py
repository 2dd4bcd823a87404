"""What an answer says about the form that it was asked for, and how it is checked."""

import re
from typing import Any

from fogbank.tasks import Evidence, TextGenerationRequest

HEADER = "x-fogbank-structured-output"
FIELDS = ["verified", "schema_sha256", "backend", "compile_ms", "tries", "closed", "verified_after"]
EVIDENCE = Evidence("0" * 64, "guidance", 1.25, after=("uniqueItems",), tries=2)
"""Of no request: for what only writes it down."""


def proven(told: Any) -> None:
    """A header or a `structured_output` of a stream says that this server verified the answer."""
    if isinstance(told, str):
        pattern = r"sha256=[0-9a-f]{64}; backend=[\w-]+; compile-ms=\d+\.\d; tries=\d"
        assert re.fullmatch(pattern + "(; closed)?; verified", told), told
        return
    assert list(told) == FIELDS
    assert told["verified"] is True
    assert re.fullmatch("[0-9a-f]{64}", told["schema_sha256"])


def held(request: TextGenerationRequest) -> str:
    """The JSON Schema that an engine was held to."""
    assert request.constraint is not None
    assert request.constraint.kind == "json"
    return request.constraint.text
