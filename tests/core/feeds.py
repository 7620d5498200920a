"""A company whose feeds know people by what they wrote: rows for tests of what comes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from company import USUAL, Company
from contracts import contract_of
from systems import System
from tests.core.house import NOON, House
from warehouse.build import Built, build
from warehouse.check import check
from warehouse.load import load

ERP = System("erp", "files", contract="canonical")
WEB = System("web", "files", contract="canonical", settings={"channel": "online"})
CRM = System("crm", "hubspot")
SHOP = System("shop", "shopify")
SYSTEMS = (ERP, WEB, CRM, SHOP)


def put(house: House, system: System, table: str, *rows: dict[str, Any]) -> None:
    key = contract_of(system).tables[table].key
    house.land(*rows, table=table, system=system, key=tuple(key))


def gone(house: House, system: System, table: str, *keys: str) -> None:
    house.land(table=table, system=system, gone=keys)


def build_it(house: House, company: Company = USUAL, now: datetime = NOON) -> Built:
    take(house)
    return build(house.places, SYSTEMS, company, now=now)


def take(house: House) -> None:
    """Checks and loads what was landed."""
    for system in SYSTEMS:
        if not house.places.landing.joinpath(system.name).exists():
            continue
        problems = [one.problem for one in check(house.places, system, contract_of(system))]
        assert problems == [None] * len(problems)
        load(house.places, system, contract_of(system))


def person(number: int, **values: Any) -> dict[str, Any]:
    row = {"customer_key": f"K{number}", "name": f"Ad{number} Soyad{number}"}
    return {**row, "email": f"k{number}@a.tr", "phone": f"0532 000 10 {number:02}", **values}


def sale(number: int, customer: int | None, total: str, day: str, **values: Any) -> dict[str, Any]:
    row = {"order_id": f"S{number}", "total": total, "ordered_at": f"{day}T09:00:00Z"}
    customer_key = None if customer is None else f"K{customer}"
    return {**row, "customer_key": customer_key, "currency": "TRY", **values}


def rate(day: str, currency: str, price: str, quote: str = "TRY") -> dict[str, Any]:
    return {"day": day, "currency": currency, "quote_currency": quote, "rate": price}
