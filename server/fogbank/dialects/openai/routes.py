"""The routes of this dialect, below an account and at plain `/v1`.

None of them takes what starts with `/v1/` and 32 digits: that is the gateway's (decisions.md 14).
"""

from collections.abc import Iterable

from starlette.routing import Route

from fogbank.dialects.openai.chat import ChatCompletions
from fogbank.dialects.openai.completions import Completions
from fogbank.dialects.openai.embeddings import Embeddings
from fogbank.dialects.openai.models import Models
from fogbank.dialects.openai.responses import Responses
from fogbank.dialects.services import Services, route

PREFIXES = ("/client/v4/accounts/{account_id}/ai/v1", "/v1")


def openai_routes(services: Services) -> Iterable[Route]:
    """Every route twice; the busiest first."""
    chat, embeddings = ChatCompletions(services), Embeddings(services)
    completions, responses = Completions(services), Responses(services)
    models = Models(services)
    for prefix in PREFIXES:
        yield route(f"{prefix}/chat/completions", chat)
        yield route(f"{prefix}/embeddings", embeddings)
        yield route(f"{prefix}/completions", completions)
        yield route(f"{prefix}/responses", responses)
        yield route(f"{prefix}/models", models)
        yield route(f"{prefix}/models/{{model:path}}", models)
