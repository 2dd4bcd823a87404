"""Anthropic's own client at the base URL that Cloudflare documents: anthropic_sdk.py URL MODEL"""

import json
import sys
from typing import Any

from anthropic import Anthropic, BadRequestError

url, model = sys.argv[1:]
ACCOUNT = "0123456789abcdef0123456789abcdef"
client: Any = Anthropic(api_key="any", base_url=f"{url}/client/v4/accounts/{ACCOUNT}/ai/v1")
WEATHER: Any = {
    "name": "weather",
    "description": "The weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
found: dict[str, Any] = {}
said: list[Any] = [{"role": "user", "content": "Say hello to me."}]

answer = client.messages.create(model=model, max_tokens=12, system="Be kind.", messages=said)
found["text"] = answer.content[0].text
found["reason"] = answer.stop_reason
found["usage"] = [answer.usage.input_tokens, answer.usage.output_tokens]

with client.messages.stream(model=model, max_tokens=12, messages=said) as stream:
    found["deltas"] = list(stream.text_stream)
    last = stream.get_final_message()
found["stream_text"] = last.content[0].text
found["stream_usage"] = [last.usage.input_tokens, last.usage.output_tokens]

said = [{"role": "user", "content": "What is the weather in Lisbon?"}]
forced: Any = {"type": "any"}
with client.messages.stream(
    model=model, max_tokens=80, messages=said, tools=[WEATHER], tool_choice=forced
) as stream:
    used = stream.get_final_message()
(block,) = used.content
found["input"], found["tool_reason"] = block.input, used.stop_reason
result = {"type": "tool_result", "tool_use_id": block.id, "content": "sunny"}
said += [{"role": "assistant", "content": used.content}, {"role": "user", "content": [result]}]
after = client.messages.create(model=model, max_tokens=12, messages=said)
found["after_tools"] = after.content[0].text
try:
    client.messages.create(model="@cf/no/such", max_tokens=5, messages=said)
except BadRequestError as error:
    body: Any = error.body
    found["error"] = body["error"]
print(json.dumps(found))
