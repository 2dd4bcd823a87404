"""litellm's `cloudflare` provider: python litellm_cloudflare.py URL MODEL"""

import json
import sys
from typing import Any

import litellm

url, model = sys.argv[1:]
ACCOUNT = "0123456789abcdef0123456789abcdef"
litellm.telemetry = False
common: dict[str, Any] = {
    "model": f"cloudflare/{model}",
    "api_base": f"{url}/client/v4/accounts/{ACCOUNT}/ai/v1",
    "api_key": "any",
    "max_tokens": 12,
    "messages": [{"role": "user", "content": "Say hello to me."}],
}
answer = litellm.completion(**common)
pieces = list(litellm.completion(**common, stream=True))
try:
    litellm.completion(**{**common, "model": "cloudflare/@cf/no/such"}, num_retries=0)
    error = ""
except litellm.BadRequestError as refused:
    error = str(refused)
found = {
    "text": answer.choices[0].message.content,
    "usage": answer.usage.total_tokens,
    "deltas": [piece.choices[0].delta.content or "" for piece in pieces if piece.choices],
    "reason": [piece.choices[0].finish_reason for piece in pieces if piece.choices][-1],
    "error": error,
}
print(json.dumps(found))
