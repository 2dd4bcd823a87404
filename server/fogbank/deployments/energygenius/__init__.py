"""EnergyGenius: energy plan recommendations in three stages (deployments.md, C)."""

from fogbank.deployments.energygenius.service import deployment

__all__ = ["deployment"]
