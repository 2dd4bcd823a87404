"""Every setting, its environment variable (`FOGBANK_` and the name in capitals) and its meaning."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def package_data() -> Path:
    """The folder `model_configs`: inside an installed package, else at the root of a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "model_configs"
    return inside if inside.is_dir() else package.parents[1] / "model_configs"


class Settings(BaseSettings):
    """The server's settings. A flag of `fogbank serve` wins over the environment."""

    model_config = SettingsConfigDict(
        env_prefix="FOGBANK_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    host: str = Field(
        "127.0.0.1", description="Address to listen on; others than loopback need a key."
    )
    port: int = Field(8686, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    profile: str | None = Field(
        None,
        description="Profile that says what is served and how; by default chosen by the hardware.",
    )
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("fogbank"),
        description="Folder of weights, keys, and your own cards and profiles.",
    )
    deadline: float = Field(
        120,
        gt=0,
        allow_inf_nan=False,
        description="Seconds a request may take, counted from admission.",
    )
    max_deadline: float = Field(
        900,
        gt=0,
        allow_inf_nan=False,
        description="Longest deadline in seconds that the header x-fogbank-deadline may ask for.",
    )
    drain: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that running requests get to finish on SIGTERM.",
    )
    max_body_mib: float = Field(
        32, gt=0, description="Largest request body in MiB; more answers 3006."
    )
    keys: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Ask for API keys: auto asks once a key was created, and off loopback;"
        " never works on loopback only.",
    )
    retry_after: bool = Field(True, description="Send Retry-After with 429 (decisions.md 12).")
    allowed_origins: str = Field(
        "",
        description="Comma-separated Origins of pages that may call a keyless server.",
    )
    allowed_hosts: str = Field(
        "",
        description="Comma-separated names of this server in Host, where there are no keys.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="Log lines for people or for machines; auto looks at the terminal."
    )

    @property
    def max_body_bytes(self) -> int:
        """The largest request body in bytes."""
        return int(self.max_body_mib * 1024 * 1024)

    @property
    def loopback(self) -> bool:
        """Whether `host` is reachable from this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def words(text: str) -> frozenset[str]:
    """The parts of a comma-separated setting, lower-cased, without empty ones."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())
