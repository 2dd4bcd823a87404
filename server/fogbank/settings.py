"""Every setting, its environment variable (`FOGBANK_` and the name in capitals) and its meaning."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "FOGBANK_"
OF_CLIENTS = frozenset({"url", "key"})
"""Settings of the commands that talk to a server; the others are flags of `fogbank serve`."""

AskForKeys = Literal["auto", "always", "never"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "console", "json"]
ErrorForms = Literal["seen", "documented"]


def package_data() -> Path:
    """The folder `model_configs`."""
    return _shipped("model_configs")


def worker_files() -> Path:
    """The npm-style folder `worker`, which points a Worker's `env.AI` here."""
    return _shipped("worker")


def _shipped(folder: str) -> Path:
    """Inside an installed package, else at the root of a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / folder
    return inside if inside.is_dir() else package.parents[1] / folder


class Settings(BaseSettings):
    """The server's settings, and where its clients find it. A flag wins over the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
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
    account: str = Field(
        "0" * 32,
        pattern="^[0-9a-fA-F]{32}$",
        description="Account id of requests that name none, which are those of env.AI.",
    )
    daily_neurons: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Neurons a key, or an account without keys, may use per UTC day, then 4006.",
    )
    budget_usd: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Dollars of a month, by Cloudflare's bill; a warning is logged at 80 % and at"
        " all of it.",
    )
    ledger_url: SecretStr | None = Field(
        None,
        description="PostgreSQL of the ledger, as postgresql://USER@HOST/NAME; by default a file of"
        " the data directory.",
    )
    deployments: str = Field(
        "all",
        description="Comma-separated names of the deployments to serve; all, or none.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL of the deployments' histories and registries, as postgresql://...;"
        " by default files of the data directory.",
    )
    cache_url: SecretStr | None = Field(
        None,
        description="Valkey or Redis of the deployments' caches, as valkey://HOST:PORT/0; by"
        " default this process.",
    )
    artifacts_url: SecretStr | None = Field(
        None,
        description="Where registries keep artifacts, as s3://BUCKET/PREFIX?endpoint=URL; by"
        " default the data directory.",
    )
    drain: float = Field(
        30,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that running requests get to finish on SIGTERM.",
    )
    max_body_mib: float = Field(
        32,
        gt=0,
        allow_inf_nan=False,
        description="Largest request body in MiB; more answers 3006.",
    )
    finetunes_per_account: int = Field(
        30, ge=0, description="LoRA fine-tunes that an account may keep."
    )
    keys: AskForKeys = Field(
        "auto",
        description="Ask for API keys: auto asks once a key was created, and off loopback;"
        " never works on loopback only.",
    )
    retry_after: bool = Field(
        True, description="Say in the header Retry-After of a 429 when to come again."
    )
    error_forms: ErrorForms = Field(
        "seen", description="Errors as seen on the wire, or as documented, where the two differ."
    )
    refuse_deprecated: bool = Field(
        False, description="Answer 5028 for every deprecated model, not only where a card says so."
    )
    stream_padding: bool = Field(
        False, description="Pad native stream events with `p`, so that sizes tell no token lengths."
    )
    json_streams: bool = Field(
        True,
        description="Stream JSON mode when a request asks for it; off: the answer comes whole, as"
        " from Workers AI.",
    )
    rate_limits: bool = Field(
        False, description="Limit requests per minute of each key and task, as Workers AI does."
    )
    requests_per_minute: str = Field(
        "",
        description="Comma-separated TASK=NUMBER that replace Workers AI's figures.",
    )
    faults: bool = Field(
        False, description="Obey the header x-fogbank-fault, which makes an error happen."
    )
    batch_keep: float = Field(
        24,
        gt=0,
        allow_inf_nan=False,
        description="Hours that the results of a finished batch are kept.",
    )
    gateways: str = Field(
        "",
        description="Comma-separated names of AI gateways; by default every name is one.",
    )
    gateway_cache_ttl: float = Field(
        0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that gateways keep answers that draw nothing by lot; 0: not unasked.",
    )
    gateway_logs: int = Field(100_000, ge=1, description="Newest logs of gateways that are kept.")
    cache_mib: float = Field(
        64, ge=0, allow_inf_nan=False, description="Memory for cached answers in MiB."
    )
    markdown_seconds: float = Field(
        30,
        gt=0,
        allow_inf_nan=False,
        description="Seconds that tomarkdown may work on one file.",
    )
    allowed_origins: str = Field(
        "",
        description="Comma-separated Origins of pages that may call a keyless server.",
    )
    allowed_hosts: str = Field(
        "",
        description="Comma-separated names of this server in Host, where there are no keys.",
    )
    log_level: LogLevel = Field("info", description="Least severe log line that is written.")
    log_format: LogFormat = Field(
        "auto", description="Log lines for people or for machines; auto looks at the terminal."
    )
    url: str | None = Field(
        None, description="Address of the running server; by default made of host and port."
    )
    key: SecretStr | None = Field(None, description="API key, where the server asks for one.")

    @field_validator("keys", "log_level", "log_format", "error_forms", mode="before")
    @classmethod
    def _lower_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("requests_per_minute")
    @classmethod
    def _figures(cls, value: str) -> str:
        pairs(value)
        return value

    @field_validator("ledger_url", "database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("expected an address such as postgresql://USER:PASSWORD@HOST/DATABASE")
        return value

    @field_validator("cache_url")
    @classmethod
    def _cache_server(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("valkey://", "valkeys://", "redis://", "rediss://", "unix://")
        if value and not value.get_secret_value().startswith(schemes):
            raise ValueError("expected an address such as valkey://:PASSWORD@HOST:6379/0")
        return value

    @field_validator("artifacts_url")
    @classmethod
    def _bucket(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith("s3://"):
            raise ValueError("expected an address such as s3://BUCKET/PREFIX?endpoint=URL")
        return value

    @field_validator("url")
    @classmethod
    def _whole_url(cls, value: str | None) -> str | None:
        """With a scheme, without a slash at the end."""
        if value is None:
            return None
        url = value if "://" in value else f"http://{value}"
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{value!r} is not an address such as http://127.0.0.1:8686")
        return url.rstrip("/")

    @field_validator("key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"[\x21-\x7e]*", value.get_secret_value()):
            raise ValueError("holds white space or characters that no key has")
        return value

    @property
    def max_body_bytes(self) -> int:
        """The largest request body in bytes."""
        return int(self.max_body_mib * 1024 * 1024)

    @property
    def cache_bytes(self) -> int:
        """The memory for cached answers in bytes."""
        return int(self.cache_mib * 1024 * 1024)

    @property
    def loopback(self) -> bool:
        """Whether `host` is reachable from this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def server_url(self) -> str:
        """Where clients on this machine find the server."""
        return self.url or address(self.host, self.port)


def address(host: str, port: int) -> str:
    """The URL of a server that listens there, as a program on the same machine reaches it."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Those variables that look like settings and are none."""
    known = {variable(name) for name in Settings.model_fields}
    return sorted(name for name in names if name.startswith(PREFIX) and name not in known)


def words(text: str) -> frozenset[str]:
    """The parts of a comma-separated setting, lower-cased, without empty ones."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())


def pairs(text: str) -> dict[str, int]:
    """The parts NAME=NUMBER of a comma-separated setting; a number is 1 or more.

    Raises ValueError, which says what is wrong with which part.
    """
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, number = part.rpartition("=")
        if not name.strip() or not number.strip().isdecimal() or int(number) < 1:
            raise ValueError(f"{part!r} is not like 'Text Generation=300'")
        found[name.strip()] = int(number)
    return found
