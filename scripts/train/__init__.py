"""Training of the small adapters under model_configs/adapters; see `__main__` for how to run it."""
