"""What NAV's pages show of our neutral records, page by page.

Fields and names follow the pages Customer (21), Contact (5050), Item (30), Sales Order (42) and
Posted Sales Invoice (132) of NAV 2018.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from html import escape
from typing import Any

from sandbox.records import Customer, Line, Order
from sandbox.store import Store

LOCAL = timezone(timedelta(hours=3))
NEVER = date(1, 1, 1)  # how NAV writes a date nobody filled in
Value = dict[str, Any]
TEXT, DAY, MONEY = "xsd:string", "xsd:date", "xsd:decimal"
_PERSON = dict.fromkeys(
    ["Key", "No", "Name", "Address", "City", "Post_Code", "Phone_No", "E_Mail"], TEXT
)
_LINE = dict.fromkeys(["Key", "No", "Description"], TEXT) | dict.fromkeys(
    ["Quantity", "Unit_Price", "Line_Amount"], MONEY
)
_HEAD = dict.fromkeys(["Key", "No", "Sell_to_Customer_No", "Sell_to_Customer_Name"], TEXT)
# service -> field -> type; a dict is a list of lines
PAGES: dict[str, dict[str, Any]] = {
    "Customer": _PERSON
    | {"Country_Region_Code": TEXT, "VAT_Registration_No": TEXT, "Currency_Code": TEXT}
    | {"Balance_LCY": MONEY, "Blocked": TEXT, "Last_Date_Modified": DAY},
    "Contact": _PERSON | {"Company_No": TEXT, "Job_Title": TEXT, "Last_Date_Modified": DAY},
    "Item": dict.fromkeys(["Key", "No", "Description", "Base_Unit_of_Measure", "GTIN"], TEXT)
    | {"Unit_Price": MONEY, "Blocked": "xsd:boolean", "Last_Date_Modified": DAY},
    "SalesOrder": _HEAD
    | {"Order_Date": DAY, "Status": TEXT, "Currency_Code": TEXT, "SalesLines": _LINE},
    "PostedSalesInvoice": _HEAD
    | {"Posting_Date": DAY, "Due_Date": DAY, "Order_No": TEXT, "Currency_Code": TEXT}
    | {"SalesInvLines": _LINE},
}


def namespace(service: str) -> str:
    return f"urn:microsoft-dynamics-schemas/page/{service.lower()}"


def _day(moment: datetime | None) -> date:
    return moment.astimezone(LOCAL).date() if moment else NEVER


def _key(number: str, moment: datetime | None) -> str:
    stamp = int((moment or datetime.fromtimestamp(0, UTC)).timestamp())
    return "24;" + base64.b64encode(f"{number};{stamp}".encode()).decode()


def number_of(key: str) -> str:
    """The number of the row a bookmark stands for."""
    return base64.b64decode(key.partition(";")[2]).decode().partition(";")[0]


def _person(prefix: str, customer: Customer) -> Value:
    number = f"{prefix}{customer.record.zfill(6)}"
    return {
        "Key": _key(number, customer.updated_at),
        "No": number,
        "Name": customer.name,
        "Address": customer.address,
        "City": customer.city,
        "Post_Code": customer.postcode,
        "Phone_No": customer.phone,
        "E_Mail": customer.email,
        "Last_Date_Modified": _day(customer.updated_at),
    }


def _customers(store: Store) -> Iterator[Value]:
    for customer in store.customers.values():
        yield _person("M", customer) | {
            "Country_Region_Code": "TR",
            "VAT_Registration_No": customer.tax_number,
            "Currency_Code": "",
            "Balance_LCY": Decimal("0.00"),
            "Blocked": "_blank_",
        }


def _contacts(store: Store) -> Iterator[Value]:
    for customer in store.customers.values():
        if customer.company:
            number = f"M{customer.record.zfill(6)}"
            yield _person("K", customer) | {"Company_No": number, "Job_Title": "Satın Alma"}


def _items(store: Store) -> Iterator[Value]:
    sold: dict[str, Line] = {}
    for order in store.orders.values():
        for line in order.lines:
            sold.setdefault(line.sku, line)
    for line in sold.values():
        yield {
            "Key": _key(line.sku, None),
            "No": line.sku,
            "Description": line.product,
            "Base_Unit_of_Measure": "ADET",
            "GTIN": "",
            "Unit_Price": line.unit_price,
            "Blocked": "false",
            "Last_Date_Modified": date(2026, 1, 5),
        }


def _head(number: str, order: Order) -> Value:
    customer = (order.customer or "1").zfill(6)
    return {
        "Key": _key(number, order.updated_at),
        "No": number,
        "Sell_to_Customer_No": f"M{customer}",
        "Sell_to_Customer_Name": order.name,
        "Currency_Code": "" if order.currency == "TRY" else order.currency,
    }


def _lines(order: Order) -> list[Value]:
    return [
        {
            "Key": _key(f"{order.record}-{line.line}", None),
            "No": line.sku,
            "Description": line.product,
            "Quantity": line.quantity,
            "Unit_Price": line.unit_price,
            "Line_Amount": line.total,
        }
        for line in order.lines
    ]


def _orders(store: Store) -> Iterator[Value]:
    """What is still open: posting makes an invoice of it."""
    for order in store.orders.values():
        if order.status == "processing":
            yield _head(f"SS{order.record.zfill(6)}", order) | {
                "Order_Date": _day(order.ordered_at),
                "Status": "Released",
                "SalesLines": _lines(order),
            }


def _invoices(store: Store) -> Iterator[Value]:
    for order in store.orders.values():
        if order.status == "completed":
            yield _head(f"SF{order.record.zfill(6)}", order) | {
                "Posting_Date": _day(order.updated_at),
                "Due_Date": _day(order.updated_at) + timedelta(days=30),
                "Order_No": f"SS{order.record.zfill(6)}",
                "SalesInvLines": _lines(order),
            }


ROWS: dict[str, Callable[[Store], Iterable[Value]]] = {
    "Customer": _customers,
    "Contact": _contacts,
    "Item": _items,
    "SalesOrder": _orders,
    "PostedSalesInvoice": _invoices,
}


def line_name(field: str) -> str:
    return {"SalesLines": "Sales_Order_Line", "SalesInvLines": "Posted_Sales_Invoice_Line"}[field]


def element(service: str, row: Value) -> str:
    """One record; a field without a value is left out, as NAV does."""
    members = ""
    for field, kind in PAGES[service].items():
        value = row.get(field)
        if isinstance(kind, dict):
            lines = "".join(_flat(line_name(field), kind, line) for line in value or [])
            members += f"<{field}>{lines}</{field}>"
        elif value not in ("", None):
            members += f"<{field}>{escape(str(value), quote=False)}</{field}>"
    return f"<{service}>{members}</{service}>"


def _flat(name: str, fields: dict[str, str], row: Value) -> str:
    members = "".join(
        f"<{field}>{escape(str(row[field]), quote=False)}</{field}>"
        for field in fields
        if row.get(field) not in ("", None)
    )
    return f"<{name}>{members}</{name}>"
