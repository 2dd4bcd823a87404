"""A deployment of one's own: words of a field, explained in JSON that is guaranteed to fit."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from fogbank.deployments.deployment import Deployment, Services
from fogbank.deployments.web import Json
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.tasks import JsonFormat, Sampling, TextGenerationRequest, TextGenerationResult

LONGEST = 60
SCHEMA = {
    "type": "object",
    "properties": {
        "meaning": {"type": "string", "minLength": 1, "maxLength": 200},
        "level": {"enum": ["beginner", "expert"]},
    },
    "required": ["meaning", "level"],
    "additionalProperties": False,
}


class Glossary:
    """`GET /words/{word}`. Its options are `model`, a name of the catalogue, and `field`."""

    def __init__(self, services: Services, model: str, field: str) -> None:
        card = services.runtime.catalog.resolve(model)
        if card is None:
            raise ValueError(f"glossary: options.model: there is no model {model!r}")
        self._services = services
        self._card = card
        self._field = field

    async def word(self, request: Request) -> Json:
        """200 with the meaning, 400 for a word that is too long, else the runtime's own status."""
        word = request.path_params["word"]
        if len(word) > LONGEST:
            return Json({"error": f"A word has at most {LONGEST} characters."}, 400)
        asked = TextGenerationRequest(
            prompt=f"Explain the word '{word}' in the field of {self._field} in one sentence.",
            sampling=Sampling(max_tokens=120, temperature=0),
            output_format=JsonFormat(SCHEMA),
        )
        context = Context(deadline=self._services.settings.deadline, dialect="glossary")
        try:
            answer = await self._services.runtime.run(self._card, asked, context)
        except AIError as error:
            return Json({"error": error.description}, error.status)
        assert isinstance(answer.result, TextGenerationResult)
        found = orjson.loads(answer.result.text)
        return Json({"word": word, **found, "neurons": answer.neurons})


def deployment(services: Services, options: Mapping[str, Any]) -> Deployment:
    """The `entry` of glossary.yaml."""
    glossary = Glossary(services, **options)
    return Deployment(Starlette(routes=[Route("/words/{word}", glossary.word)]))
