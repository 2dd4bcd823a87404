"""llama-index's embeddings: python llama_index_embeddings.py URL EMBEDDINGS"""

import json
import sys

from llama_index.embeddings.cloudflare_workersai import CloudflareEmbedding, base

url, model = sys.argv[1:]
# Its address is a constant of the module: the one way to another server (clients.md).
template = base.API_URL_TEMPLATE.split("/client/v4")[1]
base.API_URL_TEMPLATE = f"{url}/client/v4{template}"
client = CloudflareEmbedding(
    account_id="0123456789abcdef0123456789abcdef", auth_token="any", model=model
)
one = client.get_text_embedding("one")
many = client.get_text_embedding_batch(["one", "two"])
print(json.dumps({"one": one, "dimensions": [len(row) for row in many]}))
