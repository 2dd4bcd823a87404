"""What becomes of each keyword of JSON Schema. docs/json-mode.md is this table, held by a test."""

ENFORCED = frozenset(
    {
        *("$ref", "allOf", "anyOf", "const", "enum", "type"),
        *("additionalProperties", "maxProperties", "minProperties", "patternProperties"),
        *("properties", "required"),
        *("additionalItems", "items", "maxItems", "minItems", "prefixItems"),
        *("format", "maxLength", "minLength", "pattern"),
        *("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
    }
)
"""While the answer is written, and verified once more afterwards."""

VERIFIED = frozenset(
    {
        *("oneOf", "not", "if", "then", "else"),
        *("dependencies", "dependentRequired", "dependentSchemas", "propertyNames"),
        *("unevaluatedProperties", "unevaluatedItems"),
        *("contains", "maxContains", "minContains", "uniqueItems"),
    }
)
"""When the answer is whole; where it does not hold, the answer is written anew. Of `oneOf` the
engine is held to any of its branches, the verification to exactly one."""

REFUSED = frozenset({"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor",
                     "$vocabulary"})  # fmt: skip
"""Before a token is spent: what they mean depends on schemas that are not here."""

SINCE = {
    **dict.fromkeys(("const", "contains", "propertyNames"), 6),
    **dict.fromkeys(("if", "then", "else"), 7),
    **dict.fromkeys(("dependentRequired", "dependentSchemas", "maxContains", "minContains"), 2019),
    **dict.fromkeys(("unevaluatedItems", "unevaluatedProperties"), 2019),
    "prefixItems": 2020,
}
"""The draft from which on a keyword means something; in earlier ones it says nothing."""

FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6",
                     "uuid", "uri"})  # fmt: skip
"""Formats that are followed while the answer is written."""

VERIFIED_FORMATS = frozenset({"idn-email", "idn-hostname", "iri", "iri-reference",
                              "uri-reference", "uri-template", "json-pointer",
                              "relative-json-pointer", "regex"})  # fmt: skip
"""Formats that are verified only; all others say nothing, as JSON Schema has it."""
