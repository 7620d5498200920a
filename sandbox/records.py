"""What the company's servers are filled with: one neutral shape for every system.

`person` is the truth (who it really is); servers never show it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass
class Customer:
    """One customer record of one system. Text fields are as that system's people typed them."""

    record: str  # the system's own id: digits for shop, webshop, crm and erp; T000123 at the till
    person: str
    name: str  # full name, or the company's
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    tax_number: str = ""
    birth_date: date | None = None
    address: str = ""
    city: str = ""
    postcode: str = ""
    consent_email: bool | None = False  # None: was never asked
    created_at: datetime | None = None  # UTC, aware
    updated_at: datetime | None = None  # UTC, aware


@dataclass
class Line:
    line: int  # 1, 2, 3 within the order
    sku: str
    product: str
    quantity: int
    unit_price: Decimal

    @property
    def total(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass
class Order:
    """One order of one system. A guest order has no `customer`, only what was typed at the
    checkout."""

    record: str
    person: str
    customer: str | None
    ordered_at: datetime  # UTC, aware
    updated_at: datetime
    currency: str
    status: str  # completed, processing, cancelled: each server says it in its own words
    lines: list[Line] = field(default_factory=list)
    name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""
    postcode: str = ""

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))
