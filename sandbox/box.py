"""The company in a box, running: five servers filled from one company, and how to reach them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.erp import Erp
from sandbox.hubspot import HubSpot
from sandbox.people import Company, company
from sandbox.records import Customer, Order
from sandbox.serving import serving
from sandbox.shopify import Shopify
from sandbox.store import Store
from sandbox.till import Till
from sandbox.woocommerce import WooCommerce


@dataclass
class Box:
    """`connections`: system -> Airflow connection as a dict. Secrets live in this process only."""

    company: Company
    stores: dict[str, Store]
    connections: dict[str, dict[str, Any]]

    @property
    def airflow_connections(self) -> dict[str, str]:
        """Environment variables by which Airflow knows the connections."""
        return {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps({"conn_type": "generic", **connection})
            for name, connection in self.connections.items()
        }

    def night_falls(self) -> None:
        """The till writes the files of another day."""
        till = self.stores["till"]
        if isinstance(till, Till):
            till.export()

    def counts(self) -> dict[str, tuple[int, int]]:
        """System -> requests answered and customer records changed from outside, so far."""
        till = self.stores["till"]
        if isinstance(till, Till):
            till.received()
        return {name: (store.requests, store.writes) for name, store in self.stores.items()}


@contextmanager
def opened(people: int, seed: int) -> Iterator[Box]:
    made = company(people, seed)
    filled = stores(lambda system: (made.customers[system], made.orders[system]))
    with connected(filled) as connections:
        yield Box(made, filled, connections)


def stores(of: Callable[[str], tuple[list[Customer], list[Order]]]) -> dict[str, Any]:
    """Of each system, filled with what `of` gives for its name."""
    return {
        "shop": Shopify(*of("shop")),
        "webshop": WooCommerce(*of("webshop")),
        "crm": HubSpot(*of("crm")),
        "erp": Erp(*of("erp")),
        "till": Till(*of("till")),
    }


@contextmanager
def connected(filled: dict[str, Any]) -> Iterator[dict[str, dict[str, Any]]]:
    """The stores, answering; their connections."""
    shop, webshop, crm, erp, till = filled.values()
    with (
        serving(shop.app()) as shop_url,
        serving(webshop.app()) as webshop_url,
        serving(crm.app()) as crm_url,
        serving(erp.app()) as erp_url,
        till.serving() as till_address,
    ):
        files = {
            "host": till_address.host,
            "port": till_address.port,
            "login": till.login,
            "password": till.password,
            "extra": {"host_key": till_address.host_key},
        }
        yield {
            "shop": {
                "host": shop_url,
                "login": shop.client_id,
                "password": shop.client_secret,
            },
            "webshop": {"host": webshop_url, "login": webshop.key, "password": webshop.secret},
            "crm": {"host": crm_url, "password": crm.token},
            "erp": {
                "host": erp_url,
                "login": erp.login,
                "password": erp.password,
                "extra": {"dolibarrkey": erp.key},
            },
            "till": files,
            "feeds": files,
            "calls": files,
        }
