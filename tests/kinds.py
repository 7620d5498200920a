"""The kinds the standard suites run over: a server with known records, and how to reach it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from types import ModuleType
from typing import Any

import publishers.files
import publishers.hubspot
import publishers.shopify
import publishers.soap
import publishers.woocommerce
import sources.files
import sources.hubspot
import sources.hubspot.kinds
import sources.shopify
import sources.soap
import sources.woocommerce
from clients.soap.notes import ours, without_ours
from contracts import Contract, contract_of
from sandbox.erp import Erp
from sandbox.erp.goods import contacts
from sandbox.hubspot import HubSpot
from sandbox.hubspot.things import owners, pipelines
from sandbox.records import Customer, Order
from sandbox.serving import serving
from sandbox.shopify import Shopify
from sandbox.shopify.roots import key_of
from sandbox.store import Store
from sandbox.till import Till
from sandbox.woocommerce import WooCommerce
from systems import Connection, System
from tests import company, legacy

Keys = Callable[[Any], dict[str, datetime]]


@dataclass(frozen=True)
class Running:
    """A served system."""

    kind: Kind
    store: Any
    system: System

    @property
    def contract(self) -> Contract:
        return contract_of(self.system)

    def other(self, **connection: Any) -> System:
        """The same system by another connection."""
        return self.system.connected(replace(self.system.connection, **connection))

    def gone(self, port: int) -> System:
        """The same system at a port of this machine where nobody listens."""
        at_url = "://" in (self.system.connection.host or "")
        return self.other(host=f"http://127.0.0.1:{port}") if at_url else self.other(port=port)

    def held(self, table: str) -> dict[str, datetime]:
        """Key -> last change, of all rows the table should have."""
        return self.kind.tables[table](self.store)

    def change(self, record: str, **values: Any) -> None:
        self.store.change(record, **values)
        self._export()

    def plan(self, *faults: str) -> None:
        """Spoils the next answers; of a till, the file of the last night."""
        self.store.faults = list(faults)
        self._export(again=True)

    def mend(self) -> None:
        self.plan()

    def _export(self, again: bool = False) -> None:
        if isinstance(self.store, Till):
            self.store.export(again=again)


@dataclass(frozen=True)
class Kind:
    """`tables`: their rows' keys and changes, that of the customers first. `at_once`: those that
    cannot be read in parts. `few`: those whose rows are one page. `silent`: those the system
    does not count, so that a missing row shows only in a sweep.
    `in_parts`: those of which no reading shows everything.
    `patches`: page sizes of the source that give these few rows several pages.
    Faults: `short` fewer rows than claimed, `doubtful` an answer that is none (`doubt`: words
    of the error), `busy` something to wait for.
    `bad`: values the tool refuses, None: a record that is not there.
    """

    name: str
    serve: Callable[[list[Customer], list[Order]], AbstractContextManager[tuple[Store, System]]]
    source: ModuleType
    publisher: ModuleType
    tables: Mapping[str, Keys]
    given: Callable[[Any, str], dict[str, str]]
    customers: int = 230
    orders: int = 130
    at_once: frozenset[str] = frozenset()
    in_parts: frozenset[str] = frozenset()
    few: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    patches: Mapping[str, int] = field(default_factory=dict)
    sleeps: bool = True
    short: str = "short_page"
    doubtful: str = "html"
    doubt: str = "text/html"
    busy: str | None = "throttled"
    bad: Mapping[str, str] | None = None
    own: Callable[[Any, str], dict[str, Any]] = lambda store, record: {}

    @contextmanager
    def running(self, *, customers: int = 0, orders: int | None = None) -> Iterator[Running]:
        people = company.customers(customers or self.customers)
        sold = company.orders(self.orders if orders is None else orders)
        with self.serve(people, sold) as (store, system):
            settings = {**system.settings, "only": list(self.tables)}
            yield Running(self, store, replace(system, settings=settings))

    def narrowed(self, tables: int = 2) -> Kind:
        """The same with its first tables only, for tests that no table is special to."""
        return replace(self, tables=dict(islice(self.tables.items(), tables)))


def of(what: str, key: str = "{}") -> Keys:
    """Keys made of the records' numbers."""
    return lambda store: {
        key.format(number): record.updated_at for number, record in getattr(store, what).items()
    }


def held(kind: str) -> Keys:
    """Keys of a CRM's records of one kind."""
    return lambda store: {record: found.updated_at for record, found in store.held(kind).items()}


def dated(rows: Iterable[dict[str, Any]]) -> dict[str, datetime]:
    return {row["id"]: datetime.fromisoformat(row["updatedAt"]) for row in rows}


def gids(type_: str) -> Keys:
    """Keys of a shop's objects of one type."""
    return lambda store: {
        key_of(type_, item): item.updated_at for item in store.held(type_).values()
    }


def goods(name: str) -> Keys:
    """Keys of what a web shop sells."""
    return lambda store: {
        number: item.updated_at for number, item in store.goods.items[name].items()
    }


def _sold(store: Till) -> dict[str, datetime]:
    orders = store.orders.values()
    return {
        f"{order.record}/{line.line}": order.updated_at for order in orders for line in order.lines
    }


def _web(
    kind: str, made: Callable[..., Any], login: Callable[[Any], dict[str, str]]
) -> Callable[..., AbstractContextManager[tuple[Store, System]]]:
    @contextmanager
    def serve(customers: list[Customer], orders: list[Order]) -> Iterator[tuple[Store, System]]:
        store = made(customers, orders)
        with serving(store.app()) as url:
            connection = Connection(host=url, **login(store))
            yield store, System(f"my_{kind}", kind, connection=connection)

    return serve


@contextmanager
def _erp(customers: list[Customer], orders: list[Order]) -> Iterator[tuple[Store, System]]:
    firms = [replace(c, tax_number=c.record.zfill(10)) for c in customers]
    bought = [_own_goods(replace(order, customer=order.customer or "1")) for order in orders]
    store = Erp(firms, bought, key=legacy.KEY, password=legacy.PASSWORD)
    with serving(store.app()) as url:
        yield store, legacy.soap_system(url)


@contextmanager
def _till(customers: list[Customer], orders: list[Order]) -> Iterator[tuple[Store, System]]:
    store = Till(customers, orders, password=legacy.PASSWORD, night=date(2026, 11, 20))
    with store.serving() as address:
        yield store, legacy.till_system(address)


def _prefixed(store: Store, record: str) -> dict[str, str]:
    """What the tool keeps of ours; empty values are as good as none."""
    values = store.given.get(record, {})
    return {re.sub("^kopru[_.]", "", name): str(text) for name, text in values.items() if text}


def _noted(store: Erp, record: str) -> dict[str, str]:
    return ours(store.thirdparty(store.customers[record]).get("note_public") or "")


def _own_goods(order: Order) -> Order:
    """Every order of other products, so that there are many."""
    lines = [replace(line, sku=f"{line.sku}-{order.record}") for line in order.lines]
    return replace(order, lines=lines)


def _of_companies(store: Erp) -> dict[str, datetime]:
    """The contacts the ERP has: one of each company."""
    return {
        values["id"] or "": customer.updated_at
        for customer in store.customers.values()
        for values in contacts(customer, {})
        if customer.updated_at
    }


def _of_goods(store: Erp) -> dict[str, datetime]:
    lines = (line for order in store.orders.values() for line in order.lines)
    return {line.sku: company.START for line in lines}


def _printed(store: Till, record: str) -> dict[str, str]:
    """The till's cells back in canonical text."""
    cells = {name: text for name, text in store.given.get(record, {}).items() if text}
    if "revenue" in cells:
        cells["revenue"] = cells["revenue"].replace(",", ".")
    if "first_order" in cells:
        day = datetime.strptime(cells["first_order"], "%d.%m.%Y")  # noqa: DTZ007 - a date only
        cells["first_order"] = day.date().isoformat()
    if "omnichannel" in cells:
        cells["omnichannel"] = {"E": "true", "H": "false"}[cells["omnichannel"]]
    return cells


def _thirdparty(store: Erp, record: str) -> dict[str, str]:
    """The ERP's whole record; what people wrote in the note is theirs."""
    shown = store.thirdparty(store.customers[record])
    shown |= {"note_public": without_ours(shown.get("note_public") or "")}
    return {name: value for name, value in shown.items() if value and name != "date_modification"}


KINDS = [
    Kind(
        "woocommerce",
        _web(
            "woocommerce", WooCommerce, lambda store: {"login": store.key, "password": store.secret}
        ),
        sources.woocommerce,
        publishers.woocommerce,
        {
            "customers": of("customers"),
            "orders": of("orders"),
            **{name: goods(name) for name in ("refunds", "products", "variations", "coupons")},
        },
        _prefixed,
        few=frozenset(("refunds", "products", "variations", "coupons")),
        busy="rate_limited",
    ),
    Kind(
        "hubspot",
        _web("hubspot", HubSpot, lambda store: {"password": store.token}),
        sources.hubspot,
        publishers.hubspot,
        {
            **{name: held(name) for name in sources.hubspot.kinds.KINDS},
            "owners": lambda store: dated(owners()),
            "pipelines": lambda store: dated(
                {**row, "id": f"{name}/{row['id']}"}
                for name in sources.hubspot.kinds.PIPELINED
                for row in pipelines(name)
            ),
        },
        _prefixed,
        few=frozenset(sources.hubspot.kinds.KINDS) - {"contacts", "deals"} | {"pipelines"},
        silent=frozenset(("owners", "pipelines")),
        busy="rate_limited",
    ),
    Kind(
        "shopify",
        _web(
            "shopify",
            Shopify,
            lambda store: {"login": store.client_id, "password": store.client_secret},
        ),
        sources.shopify,
        publishers.shopify,
        {
            "customers": gids("Customer"),
            "orders": gids("Order"),
            "abandoned_checkouts": gids("AbandonedCheckout"),
            "products": gids("Product"),
            "variants": gids("ProductVariant"),
            "inventory_levels": gids("InventoryLevel"),
        },
        _prefixed,
        few=frozenset(("products", "variants")),
        silent=frozenset(("inventory_levels",)),
    ),
    Kind(
        "soap",
        _erp,
        sources.soap,
        publishers.soap,
        {
            "customers": of("customers"),
            "orders": of("orders"),
            "contacts": _of_companies,
            "products": _of_goods,
            "invoices": of("orders"),
        },
        _noted,
        customers=50,
        orders=30,
        at_once=frozenset({"orders"}),
        patches={"PAGE": 20, "DETAILS": 20},
        short="short_list",
        busy="down",
        own=_thirdparty,
    ),
    Kind(
        "files",
        _till,
        sources.files,
        publishers.files,
        {"customers": of("customers"), "order_lines": _sold},
        _printed,
        in_parts=frozenset({"order_lines"}),
        patches={"PAGE": 100},
        sleeps=False,
        short="truncated",
        doubtful="wrong_encoding",
        doubt="it is utf-8, not cp1254",
        busy=None,
        bad={"tier": "日本"},
    ),
]
