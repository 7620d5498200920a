"""WooCommerce REST v3, https://woocommerce.github.io/woocommerce-rest-api-docs/

Over https the key and secret are Basic credentials. Over http a store accepts only OAuth 1.0a
signatures in the query; each attempt needs a new one, since a used nonce is a 401.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import msgspec
import requests
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth1

from clients import Denied, Implausible, Refused, sendable
from clients.ahead import at_once
from clients.http import Http
from clients.records import Records
from systems import System

API = "/wp-json/wc/v3"
PER_PAGE = 100  # the most a page or a batch may hold
COLLECTIONS: dict[str, dict[str, str]] = {
    "customers": {"role": "all"},
    "orders": {},
    "products": {},
    "coupons": {},
}
NO_ROUTE = "rest_no_route"
# At DEBUG they write signatures and signed addresses.
for library in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(library).setLevel(logging.INFO)
OUR_META = "kopru_"  # keys we write; a leading underscore would be dropped in silence


class Head(TypedDict, total=False):
    """What a pull looks at: who a record is, and when it changed."""

    id: Any
    date_modified_gmt: str | None
    date_created_gmt: str | None


HEADS = msgspec.json.Decoder(list[Head])


class WooCommerce:
    """`at_once`: how many pages may be asked for at a time."""

    def __init__(self, http: Http, at_once: int = 1) -> None:
        self.http, self.at_once = http, at_once

    def page(self, path: str, params: Mapping[str, Any]) -> tuple[Records, int]:
        """One page of `path` (customers, orders ...) and how many rows match in all."""
        return self.read(path, self.ask(path, params))

    def ask(self, path: str, params: Mapping[str, Any]) -> requests.Response:
        """The first half of a page: in another thread, where the system is waited for."""
        return self.http.get(f"{API}/{path}", {"per_page": PER_PAGE, **params})

    def read(self, path: str, response: requests.Response) -> tuple[Records, int]:
        """The other half: in the thread that uses the rows; two would wait for each other."""
        rows = self.http.records(response, HEADS)
        total = response.headers.get("X-WP-Total", "")
        if not total.isdecimal():
            raise Implausible(
                self.http.system,
                f"{path} came without X-WP-Total",
                "A plugin or cache changes the API's answers: switch it off for /wp-json",
            )
        return rows, int(total)

    def customers(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """These customers (at most 100), without those that are not there."""
        if not ids:
            return []
        asked = {"include": ",".join(ids), "role": "all", "per_page": PER_PAGE}
        rows = self.http.believe(self.http.get(f"{API}/customers", asked), list)
        if not all(isinstance(row, dict) and str(row.get("id")) in ids for row in rows):
            raise Implausible(self.http.system, "customers came that were not asked for")
        return rows

    def customers_by_email(self, email: str) -> list[dict[str, Any]]:
        """The account with this address, in any case; none or one."""
        asked = {"email": email, "role": "all", "per_page": PER_PAGE}
        rows = self.http.believe(self.http.get(f"{API}/customers", asked), list)
        if any(str(row.get("email")).lower() != email.lower() for row in rows):
            raise Implausible(self.http.system, "customers came that were not asked for")
        return rows

    def update_customers(self, updates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One batch (at most 100). Answers one item per update: the record, or its `error`."""
        return self._batch("update", updates)

    def create_customers(self, new: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One batch (at most 100). Answers one item for each: the new record, or an `error`."""
        return self._batch("create", new)

    def _batch(self, verb: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        response = self.http.post(f"{API}/customers/batch", {verb: items})
        answers = self.http.believe(response, dict).get(verb)
        if not isinstance(answers, list) or len(answers) != len(items):
            raise Implausible(
                self.http.system,
                f"customers/batch did not answer each of {len(items)} items",
                "Nothing is known about this batch; the next run looks first",
            )
        return answers

    def delete_customer(self, record: str) -> None:
        """For good: the store has no trash for accounts. Orders stay, and become a guest's."""
        self.http.request(
            "DELETE", f"{API}/customers/{record}", params={"force": "true"}, repeatable=True
        )

    def update_order(self, record: str, values: Mapping[str, Any]) -> None:
        path = f"{API}/orders/{record}"
        response = self.http.request("PUT", path, body=dict(values), repeatable=True)
        self.http.believe(response, dict)

    def check(self) -> str:
        """Proves that the store is reached and readable, in one cheap call for each collection."""
        counts = ", ".join(
            f"{self.page(path, {'per_page': 1, **params})[1]} {path}"
            for path, params in COLLECTIONS.items()
        )
        refunds = "refunds" if self.has("refunds") else "refunds order by order"
        return f"reads {counts}, {refunds} and variations at {self.http.base}"

    def has(self, path: str) -> bool:
        """Whether this version of the store knows the path."""
        try:
            self.page(path, {"per_page": 1})
        except Refused as error:
            if NO_ROUTE not in error.cause:
                raise
            return False
        return True


def connect(system: System, *, sleep: Callable[[float], None] = time.sleep) -> WooCommerce:
    key, secret = system.connection.login, system.connection.password
    if not key or not secret:
        raise Denied(
            system.name,
            "no consumer key or secret",
            f"Put them as login and password into the Airflow connection {system.name!r}",
        )
    key, secret = sendable(system.name, key), sendable(system.name, secret)
    base = system.connection.url
    auth = HTTPBasicAuth(key, secret) if base.startswith("https:") else _Signed(key, secret)
    http = Http(
        system.name,
        base,
        connection=system.connection,
        auth=auth,
        refusing_500=True,
        sleep=sleep,
    )
    return WooCommerce(http, at_once(system))


class _Signed(AuthBase):
    """OAuth 1.0a in the query. A JSON body is not part of the signature."""

    def __init__(self, key: str, secret: str) -> None:
        self.oauth = OAuth1(
            key,
            secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            signature_type=SIGNATURE_TYPE_QUERY,
        )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self.oauth(request)
        return signed
