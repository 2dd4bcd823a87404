"""Output that follows a JSON schema: budget, constraint, verification. Knows no engine."""
