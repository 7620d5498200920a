"""Systems of the legacy kinds, as a DAG would hand them out."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import systems
from sandbox.erp import Erp
from sandbox.records import Customer, Line, Order
from sandbox.till import Address, Till
from systems import Connection, System

PASSWORD = "çok-gizli-1"
KEY = "anahtar-77"
BORN = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
NAMES = ["Işıl Yıldız", "Şule Gürbüz", "Poyraz Yapı Ltd. Şti.", "İlker Çağ", "Nehir & Oğlu"]


def customers(count: int = 5) -> list[Customer]:
    return [
        Customer(
            record=str(number),
            person=f"p{number}",
            name=f"{NAMES[(number - 1) % 5]} {number}",
            email=f"kisi{number}@deneme.example" if number % 2 else "",
            phone=f"0532 700 10 {number:02}",
            tax_number=f"12345678{number:02}",
            address="Lale Sok. No:3\nKat 2",
            city="İzmir",
            postcode="35000",
            created_at=BORN,
            updated_at=BORN,
        )
        for number in range(1, count + 1)
    ]


def orders(count: int = 4) -> list[Order]:
    return [
        Order(
            record=str(number),
            person="",
            customer=str((number - 1) % 2 + 1),
            ordered_at=BORN,
            updated_at=BORN,
            currency="TRY",
            status="completed",
            lines=[
                Line(line, f"KLM-{line}", "Kalem & <silgi>", 2, Decimal("10.50"))
                for line in range(1, number % 3 + 2)
            ],
        )
        for number in range(1, count + 1)
    ]


def erp(count: int = 5) -> Erp:
    return Erp(customers(count), orders(), key=KEY, login="kopru", password=PASSWORD)


def soap_system(url: str, password: str = PASSWORD, key: str = KEY, login: str = "kopru") -> System:
    system = parsed('[erp]\nkind = "soap"\npreset = "dolibarr"\n')
    return system.connected(
        Connection(host=url, login=login, password=password, extra={"dolibarrkey": key})
    )


def parsed(text: str) -> System:
    """The one entry of a systems.toml with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "systems.toml")
        path.write_text(text, encoding="utf-8")
        [system] = systems.load(path).values()
    return system


TILL = """
[till]
kind = "files"
contract = "till"
directory = "out"
delimiter = ";"
encoding = "cp1254"
trailer = "TOPLAM"

[till.tables.customers]
files = "musteriler_*.csv"
snapshot = true

[till.tables.order_lines]
files = "satislar_*.csv"
combine = { TarihSaat = "{Tarih} {Saat}" }

[till.write_back]
directory = "in"
key = "MusteriNo"
"""


def till(count: int = 5) -> Till:
    return Till(customers(count), orders(), password=PASSWORD, night=date(2026, 11, 20))


def till_system(address: Address, password: str = PASSWORD, **extra: str) -> System:
    return parsed(TILL).connected(
        Connection(
            host=address.host,
            port=address.port,
            login="kopru",
            password=password,
            extra={"host_key": address.host_key, **extra},
        )
    )
