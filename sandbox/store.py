"""What every server of the company has in common: its records, counters and planned faults."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sandbox.records import Customer, Order


class Store:
    """One system's data. Subclasses speak its protocol.

    `requests` and `writes` (customer records whose values really changed through the protocol)
    are counted for the demo. `arrived` counts each value that was sent, also where it stood there
    already: (record, name, value). `faults` are answers to give instead of the true one, oldest
    first: each server says in its docstring which names it knows.
    """

    def __init__(self, customers: Iterable[Customer], orders: Iterable[Order]) -> None:
        self.customers = {customer.record: customer for customer in customers}
        self.orders = {order.record: order for order in orders}
        self.given: dict[str, dict[str, Any]] = {}  # record -> values that others wrote into it
        self.requests = 0
        self.writes = 0
        self.arrived: Counter[tuple[str, str, str]] = Counter()
        self.faults: list[str] = []
        self.lock = threading.RLock()

    def change(self, record: str, *, touch: bool = True, **values: Any) -> None:
        """Somebody at the company edits a customer; touch=False leaves its timestamp alone."""
        known = {f.name for f in fields(Customer)}
        unknown = values.keys() - known
        if unknown:
            raise ValueError(f"a customer has no {sorted(unknown)}; it has {sorted(known)}")
        with self.lock:
            customer = self.customers[record]
            for name, value in values.items():
                setattr(customer, name, value)
            if touch:
                customer.updated_at = datetime.now(UTC)

    def arrive(self, record: str, values: Mapping[str, Any]) -> None:
        self.arrived.update((record, name, str(value)) for name, value in values.items())

    def fault(self) -> str | None:
        """The next planned fault, which is then used up."""
        with self.lock:
            return self.faults.pop(0) if self.faults else None
