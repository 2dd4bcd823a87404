"""The model registry: versions of ESMAP's models, deployed and taken back while they answer."""

from fogbank.deployments.esmap.registry.composition import Admin, open_registry

__all__ = ["Admin", "open_registry"]
