"""Sales lines as a Turkish program exports them, 20 columns, always the same ones.

Twice the same rows: as the program writes them (cp1254, `;`, decimal commas, dd.MM.yyyy), and
as a tool that expects no such thing wants them (UTF-8, `,`, decimal points, ISO dates).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

BEGIN = date(2024, 1, 1)
NAMES = ("Ayşe Yılmaz", "Mehmet Kaya", "Zeynep Öztürk", "Çağlar Şahin", "Işıl Aydın", "Ömer İnan")
CITIES = ("İstanbul", "Ankara", "İzmir", "Muğla", "Eskişehir")
GOODS = ("Bakır cezve", "Keten masa örtüsü", 'Tabak 24" düz', "Meşe kesme tahtası")
HEADER = (
    *("order_id", "line_id", "day", "moment", "customer", "name", "phone", "email", "city"),
    *("postcode", "product_id", "product", "quantity", "unit_price", "discount", "tax_rate"),
    *("total", "currency", "loyal", "note"),
)
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: sales
name: Sales
version: 1.0.0
status: active
description: {purpose: The benchmark's file in the house's names.}
schema:
  - name: order_lines
    logicalType: object
    physicalType: table
    properties:
"""


def contract() -> str:
    """The contract under which the program's file comes out right."""
    lines = []
    for number, name in enumerate(("order_id", "line_id"), start=1):
        key = f"primaryKey: true, primaryKeyPosition: {number}, required: true"
        lines.append(f"{{name: {name}, logicalType: string, physicalType: VARCHAR, {key}}}")
    moment = "logicalTypeOptions: {format: 'dd.MM.yyyy HH:mm'}"
    zone = "customProperties: [{property: timezone, value: Europe/Istanbul}]"
    lines.append(
        "{name: ordered_at, physicalName: moment, logicalType: timestamp, "
        f"physicalType: TIMESTAMP, required: true, {moment}, {zone}}}"
    )
    lines.append(
        "{name: day, logicalType: date, physicalType: DATE, "
        "logicalTypeOptions: {format: dd.MM.yyyy}}"
    )
    comma = "customProperties: [{property: decimalComma, value: true}]"
    for name, places in (("quantity", 4), ("unit_price", 8), ("discount", 2), ("tax_rate", 2)):
        kind = f'physicalType: "DECIMAL(18,{places})"'
        lines.append(f"{{name: {name}, logicalType: number, {kind}, {comma}}}")
    lines.append(
        '{name: total, logicalType: number, physicalType: "DECIMAL(18,2)", required: true, '
        f"{comma}}}"
    )
    named = {"customer": "customer_key", "product": "product_name"}
    for name in HEADER:
        if not any(f"name: {name}," in line or f"physicalName: {name}," in line for line in lines):
            given = f"name: {named.get(name, name)}, physicalName: {name}"
            lines.append(f"{{{given}, logicalType: string, physicalType: VARCHAR}}")
    return CONTRACT + "".join(f"      - {line}\n" for line in lines)


def write(path: Path, size: int, *, turkish: bool) -> None:
    encoding, delimiter = ("cp1254", ";") if turkish else ("utf-8", ",")
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(HEADER)
        writer.writerows(_rows(size, turkish))


def _rows(size: int, turkish: bool) -> Iterator[tuple[str, ...]]:
    pattern = "%d.%m.%Y" if turkish else "%Y-%m-%d"
    days = [(BEGIN + timedelta(days=number)).strftime(pattern) for number in range(1000)]
    for number in range(1, size + 1):
        customer, quantity = number * 7919 % 60_000, number % 3 + 1
        price = 3500 + number % 4000 * 150
        day = days[number % 1000]
        yield (
            str(number // 3),
            str(number % 3 + 1),
            day,
            f"{day} {number % 14 + 8:02}:{number % 60:02}",
            str(customer) if number % 4 else "",
            NAMES[customer % 6],
            f"0532 {customer % 1000:03} {customer // 1000:02} 41",
            f"musteri{customer}@posta.example" if customer % 3 else "",
            CITIES[customer % 5],
            str(34000 + customer % 900),
            f"KP-{number % 400:04}",
            GOODS[number % 4],
            _number(quantity * 100, turkish),
            _number(price, turkish),
            _number(price // 10, turkish),
            _number(2000, turkish),
            _number(price * quantity, turkish),
            "TRY" if number % 9 else "EUR",
            "E" if number % 2 else "H",
            "" if number % 20 else "Kapıcıya bırakın; acele değil",
        )


def _number(hundredths: int, turkish: bool) -> str:
    text = f"{hundredths // 100:,}.{hundredths % 100:02}"
    return text.translate(str.maketrans(",.", ".,")) if turkish else text.replace(",", "")
