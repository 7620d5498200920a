"""Customers and orders as the store's JSON shows them: all fields, in its words and types."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.records import Customer, Line, Order
from sandbox.woocommerce.queries import SITE

SYMBOLS = {"TRY": "₺", "EUR": "€", "USD": "$"}
ZEROS = ("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax")
EMPTIES = ("tax_lines", "shipping_lines", "fee_lines", "coupon_lines")


def customer_row(customer: Customer, role: str, meta: list[dict[str, Any]], base: str) -> Any:
    """`newsletter` in meta_data is the customer's consent to e-mail: yes or no."""
    url = f"{base}/customers/{customer.record}"
    address = _address(customer)
    digest = hashlib.sha256(customer.email.lower().encode()).hexdigest()
    return {
        "id": int(customer.record),
        **dates("date_created", customer.created_at),
        **dates("date_modified", customer.updated_at),
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "role": role,
        "username": customer.email.partition("@")[0] or f"user{customer.record}",
        "billing": {**address, "email": customer.email, "phone": customer.phone},
        "shipping": {**address, "phone": ""},
        "is_paying_customer": True,
        "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
        "meta_data": meta,
        "_links": links(url, f"{base}/customers"),
    }


def order_row(
    order: Order,
    customer: Customer | None,
    meta: list[dict[str, Any]],
    refunds: list[dict[str, Any]],
    base: str,
) -> dict[str, Any]:
    url = f"{base}/orders/{order.record}"
    billing = _billing(order, customer)
    paid = order.updated_at if order.status in ("completed", "processing") else None
    completed = order.updated_at if order.status == "completed" else None
    return {
        "id": int(order.record),
        "parent_id": 0,
        "status": order.status,
        "currency": order.currency,
        "version": "11.0.1",
        "prices_include_tax": False,
        **dates("date_created", order.ordered_at),
        **dates("date_modified", order.updated_at),
        **dict.fromkeys(ZEROS, "0.00"),
        "total": money(order.total),
        "total_tax": "0.00",
        "customer_id": int(order.customer) if order.customer else 0,
        "order_key": f"wc_order_{zlib.crc32(order.record.encode()):08x}",
        "billing": billing,
        "shipping": {name: text for name, text in billing.items() if name != "email"},
        "payment_method": "bacs",
        "payment_method_title": "Havale/EFT",
        "transaction_id": "",
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": "checkout",
        "customer_note": "",
        **dates("date_completed", completed),
        **dates("date_paid", paid),
        "cart_hash": "",
        "number": order.record,
        "meta_data": meta,
        "line_items": [_line(order, line) for line in order.lines],
        **{name: [] for name in EMPTIES},
        "refunds": refunds,
        "payment_url": f"{base.partition('/wp-json')[0]}/checkout/order-pay/{order.record}/",
        "is_editable": False,
        "needs_payment": False,
        "needs_processing": order.status == "processing",
        "currency_symbol": SYMBOLS.get(order.currency, order.currency),
        "_links": links(url, f"{base}/orders"),
    }


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def product_id(sku: str) -> int:
    """The store numbers its products itself; the same article has the same number for ever."""
    return zlib.crc32(sku.encode()) % 90_000 + 10_000


def _line(order: Order, line: Line) -> dict[str, Any]:
    price = float(line.unit_price)
    return {
        "id": int(order.record) * 100 + line.line,
        "name": line.product,
        "product_id": product_id(line.sku),
        "variation_id": 0,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": money(line.total),
        "subtotal_tax": "0.00",
        "total": money(line.total),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [],
        "sku": line.sku,
        "global_unique_id": "",
        "price": int(price) if price.is_integer() else price,
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }


def _billing(order: Order, customer: Customer | None) -> dict[str, str]:
    """What was typed at the checkout wins over what the account knows."""
    known = _address(customer) if customer else dict.fromkeys(_address(Customer("", "", "")), "")
    if order.name:
        first, _, last = order.name.rpartition(" ")
        known |= {"first_name": first or last, "last_name": last if first else "", "country": "TR"}
    typed = {"company": order.company, "address_1": order.address, "city": order.city}
    known |= {name: text for name, text in (typed | {"postcode": order.postcode}).items() if text}
    email = order.email or (customer.email if customer else "")
    phone = order.phone or (customer.phone if customer else "")
    return {**known, "email": email, "phone": phone}


def _address(customer: Customer) -> dict[str, str]:
    return {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "company": customer.company,
        "address_1": customer.address,
        "address_2": "",
        "city": customer.city,
        "postcode": customer.postcode,
        "country": "TR" if customer.city else "",
        "state": "",
    }


def dates(name: str, moment: datetime | None) -> Mapping[str, str | None]:
    """Both spellings of an instant, without zone or fraction: local time, and UTC as *_gmt."""
    if moment is None:
        return {name: None, f"{name}_gmt": None}
    whole = moment.replace(microsecond=0)
    local = whole.astimezone(SITE).replace(tzinfo=None)
    gmt = whole.astimezone(UTC).replace(tzinfo=None)
    return {name: local.isoformat(), f"{name}_gmt": gmt.isoformat()}


def links(url: str, collection: str) -> dict[str, Any]:
    allow = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    return {"self": [{"href": url, "targetHints": allow}], "collection": [{"href": collection}]}
