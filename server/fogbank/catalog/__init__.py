"""Which model answers to a name, and what it runs on: cards, profiles, names and aliases."""
