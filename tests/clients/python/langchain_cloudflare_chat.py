"""langchain-cloudflare: python langchain_cloudflare_chat.py URL MODEL EMBEDDINGS RERANKER"""

import json
import sys
from typing import Annotated

from langchain_cloudflare import (
    ChatCloudflareWorkersAI,
    CloudflareWorkersAIEmbeddings,
    CloudflareWorkersAIReranker,
)
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

url, model, embeddings, reranker = sys.argv[1:]
ACCOUNT = "0123456789abcdef0123456789abcdef"


@tool  # type: ignore[untyped-decorator]
def add(a: Annotated[int, "one"], b: Annotated[int, "another"]) -> int:
    """Adds two numbers."""
    return a + b


def chat(**options: object) -> ChatCloudflareWorkersAI:
    return ChatCloudflareWorkersAI(
        account_id=ACCOUNT,
        api_token="any",
        base_url=f"{url}/client/v4",
        model=model,
        max_tokens=40,
        **options,
    )


found: dict[str, object] = {}
answer = chat().invoke("Say hello.")
found["text"], found["usage"] = answer.content, answer.usage_metadata
pieces = list(chat().stream("Say hello to me."))
found["deltas"] = [piece.content for piece in pieces]
total = pieces[0]
for piece in pieces[1:]:
    total += piece
found["stream_usage"] = total.response_metadata["usage"]
called = (
    chat().bind_tools([add], tool_choice="any").invoke('What is 2 and 3? call add {"a":2,"b":3}')
)
found["calls"] = [{"name": call["name"], "args": call["args"]} for call in called.tool_calls]
turns = [
    HumanMessage("What is 2 and 3?"),
    AIMessage("", tool_calls=[{"name": "add", "args": {"a": 2, "b": 3}, "id": "abcdefghi"}]),
    ToolMessage("5", tool_call_id="abcdefghi"),
]
found["after_tools"] = chat().invoke(turns).content
openai_form = chat(endpoint_format="openai_compatible")
found["openai_form"] = openai_form.invoke("Say hello.").content
vectors = CloudflareWorkersAIEmbeddings(
    account_id=ACCOUNT,
    api_token="any",
    api_base_url=f"{url}/client/v4/accounts",
    model_name=embeddings,
)
found["dimensions"] = [len(row) for row in vectors.embed_documents(["one", "two"])]
if reranker:
    ranker = CloudflareWorkersAIReranker(
        account_id=ACCOUNT,
        api_token="any",
        api_base_url=f"{url}/client/v4/accounts",
        model_name=reranker,
    )
    ranked = ranker.rerank("capital of France", ["Fish swim.", "Paris is the capital of France."])
    found["ranked"] = [[item.index, item.score] for item in ranked]
print(json.dumps(found))
