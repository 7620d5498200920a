"""A handful of records with known values, enough for three pages of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.records import Customer, Line, Order

START = datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture
def customers() -> list[Customer]:
    return [
        Customer(
            record=str(number),
            person=f"P{number}",
            name=f"Çiğdem Işık{number}",
            first_name="Çiğdem",
            last_name=f"Işık{number}",
            email=f"cigdem{number}@example.com",
            phone=f"0532 000 00 {number:02}",
            address="Lale Sok. No:3",
            city="İzmir",
            postcode="35000",
            consent_email=number % 2 == 0,
            created_at=START,
            updated_at=START + timedelta(hours=number),
        )
        for number in range(1, 26)
    ]


@pytest.fixture
def orders() -> list[Order]:
    return [_order(number) for number in range(101, 131)]


def _order(number: int) -> Order:
    guest = number % 3 == 0
    return Order(
        record=str(number),
        person=f"P{number}",
        customer=None if guest else str(min(number - 100, 25)),
        ordered_at=START + timedelta(days=number - 100),
        updated_at=START + timedelta(days=number - 100, seconds=3),
        currency="EUR" if number % 5 == 0 else "TRY",
        status=("completed", "processing", "cancelled")[number % 3],
        lines=[
            Line(1, "SKU-1", "Çay 1 kg", 2, Decimal("12.50")),
            Line(2, "SKU-2", "Halı", 1, Decimal(100)),
        ],
        name="Ayşe Nur Öz" if guest else "",
        email=f"ayse{number}@example.com" if guest else "",
        phone="+90 533 111 22 33" if guest else "",
    )
