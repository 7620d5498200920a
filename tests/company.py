"""Records with known values for every server, enough for several pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.records import Customer, Line, Order

START = datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC)


def customers(count: int) -> list[Customer]:
    """Numbered from 1; number n changed n hours after START."""
    return [
        Customer(
            record=str(number),
            person=f"P{number}",
            name=f"Gülşen Ilıca{number}",
            first_name="Gülşen",
            last_name=f"Ilıca{number}",
            email=f"gulsen{number}@example.com",
            phone=f"0533 000 {number // 100:02} {number % 100:02}",
            address="Çınar Sok. No:5",
            city="Muğla",
            postcode="48000",
            consent_email=number % 2 == 0,
            created_at=START,
            updated_at=START + timedelta(hours=number),
        )
        for number in range(1, count + 1)
    ]


def orders(count: int, lines: int = 2) -> list[Order]:
    """Numbered from 1001; every third is a guest's."""
    return [_order(number, lines) for number in range(1001, 1001 + count)]


def _order(number: int, lines: int) -> Order:
    guest = number % 3 == 0
    moment = START + timedelta(hours=number - 1000)
    return Order(
        record=str(number),
        person=f"P{number}",
        customer=None if guest else str(number - 1000),
        ordered_at=moment,
        updated_at=moment,
        currency="TRY",
        status=("completed", "processing", "cancelled")[number % 3],
        lines=[
            Line(line, f"SKU-{line}", f"Zeytin {line} kg", 2, Decimal("12.50"))
            for line in range(1, lines + 1)
        ],
        name="Oğuz Işık" if guest else "",
        email=f"oguz{number}@example.com" if guest else "",
    )
