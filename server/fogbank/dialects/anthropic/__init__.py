"""Anthropic's Messages API on our models: an extension, marked as one (contract 1.6)."""
