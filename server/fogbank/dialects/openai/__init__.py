"""OpenAI's API under `/ai/v1` and at plain `/v1` (contract 1.6)."""
