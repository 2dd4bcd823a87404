"""The one way a request runs: permit, deadline, engine, usage."""
