"""ESMAP AI API: what stands in front of ESMAP's models for its clients (deployments.md, B)."""

from fogbank.deployments.esmap_api.service import deployment

__all__ = ["deployment"]
