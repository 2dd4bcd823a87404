"""Requests like those of an energy plan service: usage, scores of plans by index, narratives."""

from typing import Any

SUPPLIERS = ("Bluebonnet", "Lone Star Power", "Gulf Wind", "Hill Country", "Trinity Energy")
PATTERNS = ("consistent", "seasonal", "high-variance")


def schema(number: int) -> dict[str, Any]:
    """Three shapes in turn."""
    index = {"type": "integer", "minimum": 0, "maximum": 19}
    score = {"type": "number", "minimum": 0, "maximum": 100}
    reason = {"type": "string", "maxLength": 80}
    plan: dict[str, Any] = {
        "type": "object",
        "properties": {"index": index, "score": score, "reasoning": reason},
        "required": ["index", "score", "reasoning"],
        "additionalProperties": False,
    }
    scored = {"type": "array", "items": plan, "minItems": 5, "maxItems": 10}
    if number % 3 == 0:
        return scored
    usage = {
        "averageMonthlyUsage": {"type": "number", "minimum": 0, "maximum": 10_000},
        "peakUsageMonth": {"enum": ["January", "July", "August", "December"]},
        "usagePattern": {"type": "string", "enum": list(PATTERNS)},
    }
    if number % 3 == 1:
        return {
            "type": "object",
            "properties": {**usage, "scoredPlans": scored},
            "required": [*usage, "scoredPlans"],
            "additionalProperties": False,
        }
    return {
        "$defs": {"plan": plan},
        "type": "object",
        "properties": {
            "scoredPlans": {"type": "array", "items": {"$ref": "#/$defs/plan"}, "minItems": 5,
                            "maxItems": 10},
            "narrative": {"type": "string", "minLength": 20, "maxLength": 200},
            "confidence": {"anyOf": [{"type": "null"}, {"type": "number", "minimum": 0,
                                                        "maximum": 1}]},
        },
        "required": ["scoredPlans", "narrative"],
    }  # fmt: skip


def prompt(number: int) -> str:
    """What the model is asked."""
    lines = [
        f"{at}: {SUPPLIERS[at % 5]} plan {at}, {8 + (at * 7 + number) % 9} cents, "
        f"{(at * 20) % 101}% renewable"
        for at in range(10)
    ]
    usage = 400 + 37 * number
    return f"Usage {usage} kWh a month. Score these plans by index, best first.\n" + "\n".join(
        lines
    )


def plans(value: Any) -> list[Any]:
    """The scored plans of an answer, whichever shape it has."""
    found = value if isinstance(value, list) else value["scoredPlans"]
    assert isinstance(found, list)
    return found
