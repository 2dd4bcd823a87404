"""Fifty tools with parameters of all kinds, and what a user says to have each called."""

from typing import Any

Case = tuple[str, dict[str, Any], str]


def text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def number(description: str, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return _bounded("number", description, low, high)


def integer(description: str, low: int | None = None, high: int | None = None) -> dict[str, Any]:
    return _bounded("integer", description, low, high)


def _bounded(kind: str, description: str, low: float | None, high: float | None) -> dict[str, Any]:
    bounds = {"minimum": low, "maximum": high}
    given = {name: value for name, value in bounds.items() if value is not None}
    return {"type": kind, "description": description, **given}


def one_of(description: str, *values: str) -> dict[str, Any]:
    return text(description, enum=list(values))


def many(description: str, items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "description": description, "items": items, **more}


def thing(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": sorted(properties),
    }


FLAG = {"type": "boolean", "description": "Yes or no."}
CITY = text("Name of a city.")
POINT = thing("A place.", lat=number("Degrees.", -90, 90), lon=number("Degrees.", -180, 180))
UNIT = one_of("Unit of temperature.", "celsius", "fahrenheit")

PARAMETERS: dict[str, dict[str, dict[str, Any]]] = {
    "get_weather": {"city": CITY, "unit": UNIT},
    "get_forecast": {"city": CITY, "days": integer("Days ahead.", 1, 14)},
    "add": {"a": number("First."), "b": number("Second.")},
    "set_light": {"room": text("Which room."), "on": FLAG, "level": integer("Percent.", 0, 100)},
    "send_mail": {"to": text("Address."), "subject": text("Subject."), "body": text("Text.")},
    "book_table": {
        "guests": integer("Persons.", 1, 12),
        "at": text("Time.", pattern="^[0-2][0-9]:[0-5][0-9]$"),
    },
    "find_route": {"start": POINT, "goal": POINT},
    "play_music": {"genre": one_of("Kind.", "rock", "jazz", "pop", "classical")},
    "translate": {"text": text("Words."), "to": one_of("Language.", "en", "de", "fr", "es")},
    "create_user": {"user": thing("A user.", name=text("Name."), age=integer("Years.", 0, 130))},
    "tag_photo": {"tags": many("Labels.", text("A label."), minItems=1, maxItems=4)},
    "sum_list": {"values": many("Numbers.", integer("A number.", -99, 99), minItems=2)},
    "set_alarm": {"hour": integer("Hour.", 0, 23), "minute": integer("Minute.", 0, 59)},
    "stop": {},
    "rate": {"stars": integer("Stars.", 1, 5), "comment": text("Why.", maxLength=30)},
    "search": {"query": text("What for.", minLength=1), "limit": integer("How many.", 1, 50)},
    "move_robot": {
        "direction": one_of("Where to.", "left", "right", "up", "down"),
        "steps": integer("How far.", 1, 9),
    },
    "buy_shares": {
        "symbol": text("Ticker.", pattern="^[A-Z]{1,5}$"),
        "count": integer("Shares.", 1, 1000),
    },
    "schedule": {
        "day": one_of("Day.", "Mon", "Tue", "Wed", "Thu", "Fri"),
        "tasks": many("Tasks.", text("A task.")),
    },
    "convert": {
        "value": number("Amount."),
        "from": one_of("Unit.", "km", "mi"),
        "to": one_of("Unit.", "km", "mi"),
    },
    "draw": {
        "shape": one_of("Shape.", "circle", "square"),
        "size": number("Size.", 0, 10),
        "filled": FLAG,
    },
    "order": {
        "items": many(
            "Goods.",
            thing("An item.", sku=text("Code."), quantity=integer("How many.", 1, 9)),
            minItems=1,
        )
    },
    "query_table": {
        "table": one_of("Table.", "users", "orders"),
        "where": thing("Filter.", column=text("Column."), value=text("Value.")),
    },
    "resize": {"width": integer("Pixels.", 1, 4096), "height": integer("Pixels.", 1, 4096)},
    "remember": {"note": text("A note."), "important": FLAG},
    "roll_dice": {"sides": {"type": "integer", "description": "Sides.", "enum": [4, 6, 8, 20]}},
    "pick_colour": {
        "colour": thing(
            "Colour.",
            r=integer("Red.", 0, 255),
            g=integer("Green.", 0, 255),
            b=integer("Blue.", 0, 255),
        )
    },
    "open_file": {"path": text("Path."), "mode": one_of("Mode.", "r", "w")},
    "vote": {"candidate": text("Name."), "weight": number("Weight.", 0, 1)},
    "set_temperature": {"degrees": number("Degrees.", 10, 30), "unit": UNIT},
    "start_timer": {"seconds": integer("Seconds.", 1, 3600)},
    "plan_trip": {
        "stops": many(
            "Stops.",
            thing("A stop.", city=CITY, nights=integer("Nights.", 1, 30)),
            minItems=1,
            maxItems=2,
        )
    },
    "lookup_word": {"word": text("The word.", minLength=1, maxLength=20)},
    "log_meal": {
        "meal": one_of("Meal.", "breakfast", "lunch", "dinner"),
        "calories": integer("Energy.", 0, 3000),
    },
    "share": {"with": many("Persons.", text("A name."), maxItems=3), "public": FLAG},
    "matrix": {
        "rows": many(
            "Rows.",
            many("Row.", integer("Cell.", 0, 9), minItems=2, maxItems=2),
            minItems=2,
            maxItems=2,
        )
    },
    "set_price": {
        "price": thing(
            "Price.", amount=number("Amount.", 0), currency=one_of("Currency.", "EUR", "USD")
        )
    },
    "measure": {
        "sensor": text("Sensor.", pattern="^s[0-9]{2}$"),
        "samples": integer("How many.", 1, 100),
    },
    "filter_list": {"keep": many("Kinds.", one_of("Kind.", "new", "old", "lost"), minItems=1)},
    "greet": {"name": text("Whom."), "formal": FLAG},
    "invite": {
        "guests": many(
            "Guests.", thing("A guest.", name=text("Name."), vegan=FLAG), minItems=1, maxItems=2
        )
    },
    "set_volume": {"level": integer("Loudness.", 0, 11)},
    "compare": {
        "left": number("One."),
        "right": number("Other."),
        "how": one_of("How.", "<", "=", ">"),
    },
    "tune": {"note": one_of("Note.", "A", "B", "C"), "hertz": number("Frequency.", 20, 20000)},
    "crop": {
        "box": thing(
            "Box.", x=integer("Left.", 0), y=integer("Top.", 0), w=integer("Width.", 1, 999)
        )
    },
    "answer": {"value": {"type": "boolean", "description": "Yes or no."}},
    "choose": {
        "answer": {
            "type": "string",
            "description": "Which.",
            "anyOf": [{"const": "yes"}, {"const": "no"}],
        }
    },
    "ship": {
        "address": thing(
            "Where to.",
            street=text("Street."),
            zip=text("Code.", pattern="^[0-9]{5}$"),
            country=one_of("Country.", "DE", "FR"),
        )
    },
    "mix": {
        "parts": many(
            "Parts.",
            thing("Part.", of=text("What."), share=number("Share.", 0, 1)),
            minItems=2,
            maxItems=2,
        )
    },
    "nest": {
        "a": thing("Outer.", b=thing("Middle.", c=thing("Inner.", d=integer("Value.", 1, 3))))
    },
}


def cases() -> list[Case]:
    """Name, parameter schema (all properties required), and the user's words."""
    return [
        (name, _object(properties), f"Please {name.replace('_', ' ')} for me, with good values.")
        for name, properties in PARAMETERS.items()
    ]


def _object(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def tool(case: Case) -> dict[str, Any]:
    """As a body has it."""
    name, parameters, _ = case
    function = {"name": name, "description": f"Does {name}.", "parameters": parameters}
    return {"type": "function", "function": function}
