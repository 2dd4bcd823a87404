"""The owner's account at Cloudflare, from the environment: it is on no command line, in no file."""

import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from fogbank.cli.common import fail

CLOUD = "https://api.cloudflare.com/client/v4"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Account(BaseSettings):
    """CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, CLOUDFLARE_API_BASE_URL."""

    model_config = SettingsConfigDict(
        env_prefix="CLOUDFLARE_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    account_id: SecretStr | None = None
    api_token: SecretStr | None = None
    api_base_url: str = Field(CLOUD, repr=False)

    @property
    def host(self) -> str:
        """As reports call it."""
        return urlsplit(self.api_base_url).netloc.rpartition("@")[2]

    @property
    def run_url(self) -> str:
        """Where models are asked; a model's name follows. It has the account's id in it."""
        assert self.account_id is not None
        account = self.account_id.get_secret_value()
        return f"{self.api_base_url.rstrip('/')}/accounts/{account}/ai/run/"

    @property
    def headers(self) -> dict[str, str]:
        """What shows who asks."""
        assert self.api_token is not None
        return {"authorization": f"Bearer {self.api_token.get_secret_value()}"}

    def hidden(self, text: str) -> str:
        """Text of others without the account's id and token, whichever case they are in."""
        for name in ("account_id", "api_token"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None:
                mark = f"[{name}]"
                text = re.sub(re.escape(secret.get_secret_value()), mark, text, flags=re.IGNORECASE)
        return text


def account() -> Account:
    """The account; what lacks, or would show the token to a network, ends the command."""
    found = Account()
    if found.account_id is None or found.api_token is None:
        fail(
            "Cloudflare is asked with your account: set CLOUDFLARE_ACCOUNT_ID and"
            " CLOUDFLARE_API_TOKEN (a token that may use Workers AI) in the environment"
        )
    if not re.fullmatch("[0-9a-fA-F]{32}", found.account_id.get_secret_value()):
        fail("CLOUDFLARE_ACCOUNT_ID: expected 32 hexadecimal digits")
    if not re.fullmatch("[!-~]+", found.api_token.get_secret_value()):
        fail("CLOUDFLARE_API_TOKEN: expected printable ASCII without spaces")
    if _shows_the_token(found.api_base_url):
        fail("CLOUDFLARE_API_BASE_URL: expected https://..., or http:// on this machine")
    return found


def _shows_the_token(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return True
    local = parts.scheme == "http" and host in LOOPBACK
    return not host or not (parts.scheme == "https" or local)
