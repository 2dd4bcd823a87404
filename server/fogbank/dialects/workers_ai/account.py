"""Who am I: token, user, account, memberships, as far as SDKs and wrangler ask (contract 1.8).

There is one account here and nobody's data: any 32 hexadecimal digits name it (decisions.md 4).
Where it has to be told, its id is ACCOUNT_ID. The door has checked the key before (decisions.md 5).
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Scope

from fogbank.dialects.services import Services
from fogbank.dialects.workers_ai.api import ACCOUNTS, CLIENT, Body, api_routes, read_page
from fogbank.dialects.workers_ai.run import envelope

NAME = "fogbank"
ACCOUNT_ID = f"{1:032x}"
EMAIL = "fogbank@localhost"
"""Not an address: clients print it as who is logged in."""
SINCE = "2026-01-01T00:00:00Z"
ROLE = "Administrator"
VERIFIED = {"code": 10000, "message": "This API Token is valid and active", "type": None}


def account_routes(services: Services) -> Iterable[Route]:
    """The account's routes."""
    yield from api_routes(services, CLIENT + "/user/tokens/verify", verify)
    yield from api_routes(services, ACCOUNTS + "/tokens/verify", verify)
    yield from api_routes(services, CLIENT + "/user", user)
    yield from api_routes(services, CLIENT + "/accounts", accounts)
    yield from api_routes(services, ACCOUNTS, account)
    yield from api_routes(services, CLIENT + "/memberships", memberships)


def verify(scope: Scope, query: QueryParams) -> Body:
    """A token that came as far as this is active; on a server without keys any is, or none."""
    key = scope.get("state", {}).get("key") or NAME
    return {**envelope({"id": _id("token", key), "status": "active"}), "messages": [VERIFIED]}


def user(scope: Scope, query: QueryParams) -> Body:
    """The one user."""
    return envelope(
        {
            "id": _id("user", NAME),
            "email": EMAIL,
            "first_name": None,
            "last_name": None,
            "username": NAME,
            "telephone": None,
            "country": None,
            "zipcode": None,
            "two_factor_authentication_enabled": False,
            "two_factor_authentication_locked": False,
            "created_on": SINCE,
            "modified_on": SINCE,
            "organizations": [],
            "has_pro_zones": False,
            "has_business_zones": False,
            "has_enterprise_zones": False,
            "suspended": False,
        }
    )


def accounts(scope: Scope, query: QueryParams) -> Body:
    """The one account; with `name`, whether it is that."""
    wanted = query.get("name", NAME).lower() == NAME
    return read_page(query).of([_account(ACCOUNT_ID)] if wanted else [])


def account(scope: Scope, query: QueryParams) -> Body:
    """The account under the id that the client calls it by."""
    return envelope(_account(scope["path_params"]["account_id"].lower()))


def memberships(scope: Scope, query: QueryParams) -> Body:
    """The one user's place in the one account."""
    row = {
        "id": _id("membership", NAME),
        "status": "accepted",
        "account": _account(ACCOUNT_ID),
        "roles": [ROLE],
        "permissions": {"ai": {"read": True, "write": True}},
        "api_access_enabled": None,
    }
    return read_page(query).of([row])


def _account(account_id: str) -> dict[str, Any]:
    return {
        "id": account_id,
        "name": NAME,
        "type": "standard",
        "settings": {"enforce_twofactor": False},
        "created_on": SINCE,
    }


def _id(kind: str, name: str) -> str:
    """32 hexadecimal digits that stay the same for a name, and tell nothing of a secret."""
    return hashlib.sha256(f"fogbank:{kind}:{name}".encode()).hexdigest()[:32]
