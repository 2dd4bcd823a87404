"""Who computes. An engine knows a task request and no HTTP."""
