"""What the till prints of our neutral records: Turkish headers, dates and amounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from decimal import Decimal

from sandbox.records import Customer, Order

LOCAL = timezone(timedelta(hours=3))  # Istanbul
CUSTOMERS = "MusteriNo;AdSoyad;Telefon;Eposta;DogumTarihi;Adres;Sehir;PostaKodu;Izin;KayitTarihi"
SALES = "FisNo;SatirNo;Tarih;Saat;MusteriNo;UrunKodu;UrunAdi;Adet;BirimFiyat;Tutar;ParaBirimi"


def customer(customer: Customer) -> list[str]:
    born, since = customer.birth_date, customer.created_at
    return [
        customer.record,
        customer.name,
        customer.phone,
        customer.email,
        f"{born:%d.%m.%Y}" if born else "",
        customer.address.replace("\n", " "),
        customer.city,
        customer.postcode,
        "E" if customer.consent_email else "H",
        f"{since.astimezone(LOCAL):%d.%m.%Y}" if since else "",
    ]


def lines(order: Order) -> Iterator[list[str]]:
    sold = order.ordered_at.astimezone(LOCAL)
    for line in order.lines:
        yield [
            order.record,
            str(line.line),
            f"{sold:%d.%m.%Y}",
            f"{sold:%H:%M}",
            order.customer or "",
            line.sku,
            line.product,
            amount(line.quantity, 0),
            amount(line.unit_price),
            amount(line.total),
            order.currency,
        ]


def amount(value: Decimal | int, places: int = 2) -> str:
    """1234.5 as a Turkish program prints it: 1.234,50."""
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))
