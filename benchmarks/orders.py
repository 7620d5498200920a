"""Orders as a WooCommerce store's API gives them, about 1.5 KB each, always the same ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

PER_PAGE = 100
BEGIN = datetime(2024, 1, 1)  # noqa: DTZ001 - the API's own form: UTC without saying so
NAMES = ("Ayşe", "Mehmet", "Zeynep", "Çağlar", "Elif", "Ömer", "Işıl")
SURNAMES = ("Yılmaz", "Kaya", "Öztürk", "Şahin", "Aydın")
CITIES = ("İstanbul", "Ankara", "İzmir", "Bursa", "Eskişehir", "Muğla")
GOODS = ("Bakır cezve", "Keten masa örtüsü", "Zeytinyağı 5 L", "Meşe kesme tahtası")
STATUSES = ("completed", "completed", "completed", "processing", "cancelled")


def lines_of(number: int) -> int:
    """How many lines an order has: one to three."""
    return number % 3 + 1


def texts(orders: int) -> list[bytes]:
    """The JSON text of each order, by id from 1 on."""
    return [
        json.dumps(order(number), ensure_ascii=False, separators=(",", ":")).encode()
        for number in range(1, orders + 1)
    ]


def answer(store: list[bytes], offset: int) -> bytes:
    """JSON of up to 100 orders."""
    return b"[" + b",".join(store[offset : offset + PER_PAGE]) + b"]"


def order(number: int) -> dict[str, Any]:
    customer = number * 7919 % 60_000
    lines = list(_lines(number))
    total = sum(line["quantity"] * line["price"] for line in lines)
    moment = BEGIN + timedelta(minutes=number * 5)
    address = _address(customer)
    return {
        "id": number,
        "parent_id": 0,
        "status": STATUSES[number % 5],
        "currency": "TRY" if number % 9 else "EUR",
        "date_created_gmt": moment.isoformat(),
        "date_modified_gmt": (moment + timedelta(hours=number % 50)).isoformat(),
        "date_paid_gmt": (moment + timedelta(minutes=3)).isoformat(),
        "discount_total": "0.00",
        "shipping_total": "49.90",
        "total": f"{total:.2f}",
        "total_tax": f"{total / 6:.2f}",
        "prices_include_tax": True,
        "customer_id": customer if number % 4 else 0,
        "customer_note": "" if number % 10 else "Kapıcıya bırakılabilir",
        "billing": {**address, "email": f"musteri{customer}@posta.example"},
        "shipping": address,
        "payment_method": "iyzico",
        "transaction_id": f"{number * 2654435761 % 2**32:08x}",
        "meta_data": [
            {"id": number * 2, "key": "_utm_source", "value": "google"},
            {"id": number * 2 + 1, "key": "is_vat_exempt", "value": "no"},
        ],
        "line_items": lines,
        "shipping_lines": [{"id": number, "method_id": "flat_rate", "total": "49.90"}],
    }


def _lines(number: int) -> Iterator[dict[str, Any]]:
    for place in range(lines_of(number)):
        article = (number + place * 13) % 400
        price, quantity = 35 + article * 1.5, 1 + (number + place) % 3
        yield {
            "id": number * 10 + place,
            "name": f"{GOODS[article % 4]} {article}",
            "product_id": 5000 + article,
            "variation_id": 0,
            "quantity": quantity,
            "subtotal": f"{price * quantity:.2f}",
            "total": f"{price * quantity:.2f}",
            "taxes": [{"id": 1, "total": f"{price * quantity / 6:.2f}"}],
            "sku": f"KP-{article:04}",
            "price": price,
        }


def _address(customer: int) -> dict[str, str]:
    return {
        "first_name": NAMES[customer % 7],
        "last_name": SURNAMES[customer % 5],
        "company": "" if customer % 8 else f"Deneme Ticaret {customer} Ltd. Şti.",
        "address_1": f"Çınar Sokak No {customer % 190}",
        "city": CITIES[customer % 6],
        "postcode": f"{34000 + customer % 900}",
        "country": "TR",
        "phone": f"+90 532 {customer % 1000:03} {customer // 1000 % 100:02} 41",
    }
