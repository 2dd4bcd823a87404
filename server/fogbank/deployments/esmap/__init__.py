"""ESMAP AI Models: eight energy and climate models as a service (deployments.md, A)."""

from fogbank.deployments.esmap.service import deployment

__all__ = ["deployment"]
