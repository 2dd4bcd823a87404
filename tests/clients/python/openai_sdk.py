"""OpenAI's own client: python openai_sdk.py URL MODEL EMBEDDINGS"""

import json
import sys
from typing import Any

from openai import BadRequestError, OpenAI
from pydantic import BaseModel, Field

url, model, embeddings = sys.argv[1:]
ACCOUNT = "0123456789abcdef0123456789abcdef"
client: Any = OpenAI(api_key="any", base_url=f"{url}/client/v4/accounts/{ACCOUNT}/ai/v1")
SAID: list[Any] = [{"role": "user", "content": "Say hello to me."}]
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"name": "weather", "description": "The weather in a city.", "parameters": PARAMETERS}
found: dict[str, Any] = {}


class Person(BaseModel):
    name: str = Field(max_length=12)
    age: int = Field(ge=0, le=99)


def chat() -> None:
    answer = client.chat.completions.create(
        model=model, messages=SAID, max_tokens=12, n=2, logprobs=True, top_logprobs=2
    )
    found["texts"] = [choice.message.content for choice in answer.choices]
    found["logprobs"] = [item.to_dict() for item in answer.choices[1].logprobs.content]
    found["usage"] = answer.usage.to_dict()
    stream = client.chat.completions.create(
        model=model,
        messages=SAID,
        max_tokens=12,
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces = list(stream)
    found["deltas"] = [p.choices[0].delta.content or "" for p in pieces if p.choices]
    found["stream_usage"] = pieces[-1].usage.to_dict()
    said = [{"role": "user", "content": "Ada is 36."}]
    parsed = client.chat.completions.parse(
        model=model, messages=said, response_format=Person, max_tokens=60
    )
    found["person"] = parsed.choices[0].message.parsed.model_dump()


def tools() -> None:
    said = [{"role": "user", "content": "What is the weather in Lisbon?"}]
    offered: Any = [{"type": "function", "function": WEATHER}]
    answer = client.chat.completions.create(
        model=model, messages=said, tools=offered, tool_choice="required", max_tokens=80
    )
    message = answer.choices[0].message
    (call,) = message.tool_calls
    found["arguments"] = json.loads(call.function.arguments)
    said += [message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    last = client.chat.completions.create(
        model=model, messages=said, tools=offered, tool_choice="none", max_tokens=12
    )
    found["after_tools"] = last.choices[0].message.content


def vectors() -> None:
    texts = ["one", "two"]
    default = client.embeddings.create(model=embeddings, input=texts)
    floats = client.embeddings.create(model=embeddings, input=texts, encoding_format="float")
    found["default"] = [row.embedding for row in default.data]
    found["floats"] = [row.embedding for row in floats.data]


def responses() -> None:
    answer = client.responses.create(model=model, input="Say hello.", max_output_tokens=12)
    found["response"] = answer.output_text
    with client.responses.stream(model=model, input="Say hello.", max_output_tokens=64) as stream:
        found["response_deltas"] = [
            event.delta for event in stream if event.type == "response.output_text.delta"
        ]
    parsed = client.responses.parse(
        model=model, input="Ada is 36.", text_format=Person, max_output_tokens=60
    )
    found["response_person"] = parsed.output_parsed.model_dump()
    called = client.responses.create(
        model=model,
        input="What is the weather in Lisbon?",
        tools=[{"type": "function", "strict": True, **WEATHER}],
        tool_choice="required",
        max_output_tokens=80,
    )
    (call,) = called.output
    found["response_arguments"] = json.loads(call.arguments)
    turns = [
        call.to_dict(),
        {"type": "function_call_output", "call_id": call.call_id, "output": "sun"},
    ]
    last = client.responses.create(model=model, input=turns, max_output_tokens=12)
    found["response_after_tools"] = last.output_text


def others() -> None:
    answer = client.completions.create(model=model, prompt="One, two,", max_tokens=5)
    found["completion"] = answer.choices[0].text
    found["models"] = [item.id for item in client.models.list()]
    found["one_model"] = client.models.retrieve(model).id
    try:
        client.chat.completions.create(model=model, messages=SAID, temperature=9)
    except BadRequestError as error:
        found["error"] = {"message": error.message, "code": error.code, "param": error.param}


for work in (chat, tools, vectors, responses, others):
    work()
print(json.dumps(found))
