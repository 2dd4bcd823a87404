"""The forms of Cloudflare's AI Gateway: fallback, retries, response cache, logs (contract 1.7)."""
