"""The REST dialect of Workers AI: `/client/v4/accounts/{account_id}/ai/...`."""
