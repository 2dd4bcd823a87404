"""What an operator may set in `options` of model_configs/deployments/esmap.yaml."""

from ipaddress import ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

NEAR = tuple(
    map(
        ip_network,
        ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    )
)
"""Loopback (RFC 1122, 4291) and private addresses (RFC 1918, 4193). Link-local is none of them:
clouds keep their machines' credentials there."""

LONGEST = 100 * 365 * 86_400
"""Seconds: a hundred years. Dates do not reach back for ever."""


class AlertOptions(BaseModel):
    """When to say that too many inferences fail, and to whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float = Field(0.05, gt=0, le=1, description="Share of failed inferences.")
    window: float = Field(300, gt=0, le=LONGEST, description="Seconds that are looked at.")
    minimum: int = Field(20, ge=1, description="Inferences in the window that say enough.")
    webhook: str | None = Field(
        None,
        description="Where to POST the start and the end of an alert: an http address whose host is"
        " localhost, or a loopback or private IP address.",
    )

    @model_validator(mode="after")
    def _near(self) -> Self:
        if self.webhook is not None and not _is_near(self.webhook):
            raise ValueError(
                f"webhook {self.webhook!r} is not local: expected http://HOST:PORT/PATH with"
                " localhost, or a loopback or private IP address as HOST"
            )
        return self


class Options(BaseModel):
    """Seconds unless said otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cache_ttl: float = Field(
        3600, ge=0, le=LONGEST, description="Lifetime of a cached answer; 0: no cache."
    )
    batch_limit: int = Field(10, ge=1, le=100, description="Inputs of one batch.")
    retention_days: float | None = Field(
        90,
        gt=0,
        le=LONGEST / 86_400,
        description="Days that history and metrics are kept; null: for ever.",
    )
    metrics_window: float = Field(3600, gt=0, le=LONGEST, description="What GET /metrics looks at.")
    artifact_mib: float = Field(
        512, gt=0, description="Largest artifact of a version of a model, in MiB."
    )
    alert: AlertOptions = AlertOptions()


def _is_near(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return False
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in net for net in NEAR if net.version == address.version)
