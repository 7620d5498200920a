"""The kinds the standard suites run over: a server with known records, and how to reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import clients.hubspot
import clients.shopify
import clients.woocommerce
import publishers.hubspot
import publishers.shopify
import publishers.woocommerce
import sources.hubspot
import sources.shopify
import sources.woocommerce
from sandbox.hubspot import HubSpot
from sandbox.serving import serving
from sandbox.shopify import Shopify
from sandbox.store import Store
from sandbox.woocommerce import WooCommerce
from systems import Connection, System
from tests import company


@dataclass(frozen=True)
class Running:
    """A served system. `other` is the same with another connection."""

    store: Store
    system: System

    def other(self, **connection: Any) -> System:
        return self.system.connected(replace(self.system.connection, **connection))


@dataclass(frozen=True)
class Kind:
    """`tables`: name -> kind of record in it. `record`: a store's number as the row's key."""

    name: str
    store: Callable[..., Any]
    login: Callable[[Any], dict[str, str]]
    client: ModuleType
    source: ModuleType
    publisher: ModuleType
    tables: dict[str, str]
    record: Callable[[str, str], str] = lambda table, number: number

    @contextmanager
    def running(self, *, customers: int = 230, orders: int = 130) -> Iterator[Running]:
        store = self.store(company.customers(customers), company.orders(orders))
        with serving(store.app()) as url:
            connection = Connection(host=url, **self.login(store))
            yield Running(store, System(f"my_{self.name}", self.name, connection=connection))


KINDS = [
    Kind(
        "woocommerce",
        WooCommerce,
        lambda store: {"login": store.key, "password": store.secret},
        clients.woocommerce,
        sources.woocommerce,
        publishers.woocommerce,
        {"customers": "customers", "orders": "orders"},
    ),
    Kind(
        "hubspot",
        HubSpot,
        lambda store: {"password": store.token},
        clients.hubspot,
        sources.hubspot,
        publishers.hubspot,
        {"contacts": "customers", "deals": "orders"},
    ),
    Kind(
        "shopify",
        Shopify,
        lambda store: {"login": store.client_id, "password": store.client_secret},
        clients.shopify,
        sources.shopify,
        publishers.shopify,
        {"customers": "customers", "orders": "orders"},
        lambda table, number: f"gid://shopify/{table.capitalize()[:-1]}/{number}",
    ),
]
