"""Whose request it is: in the binding's forms only the oldest names an account."""

from starlette.types import Scope

from fogbank.dialects import intake
from fogbank.runtime.context import Context
from fogbank.settings import Settings

ACCOUNT = "account"
"""Where a scope's `state` has the account id, if the request named one."""


def account_of(scope: Scope, settings: Settings) -> str:
    """The account that was named, else the setting `account`."""
    account: str = scope.get("state", {}).get(ACCOUNT, settings.account)
    return account


def binding_context(scope: Scope, settings: Settings) -> Context:
    """A new request's context."""
    context = intake.context(scope, settings, dialect="binding")
    context.account = account_of(scope, settings)
    return context
