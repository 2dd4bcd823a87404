"""What this server answers to, as an OpenAPI document at `/openapi.json`."""
