"""What stays of a sale when the one who bought is forgotten: the sale, of nobody.

An allow-list, because systems and plugins put people's data where nobody expects it: numbers,
moments, states and what was sold stay; texts, addresses and who bought go. Names of columns are
those of the contracts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.model import Column, Table
from warehouse.person import folded

# Tables whose rows are money: what was sold must still add up.
SALES = frozenset(
    ("orders", "order_lines", "payments", "refunds", "invoices", "deals", "line_items")
)
WHO = frozenset(("customer_id", "customer_key", "contacts", "companies", "owner_id", "merged_ids"))
KEPT = frozenset(
    ("status", "financial_status", "fulfillment_status", "return_status", "cancel_reason", "stage")
    + ("pipeline", "type", "profile", "currency", "method", "payment_method", "source", "channel")
    + ("order_id", "invoice_id", "number", "line_id", "refund_id", "product_id", "product_name")
    + ("variant_id", "sku", "unit", "code", "fulfillment_id")
)
PLAIN = frozenset(("integer", "number", "boolean", "date", "timestamp"))
WHOLE = frozenset(("lines", "taxes"))  # lists that no contract promises the inside of


def anonymous(table: Table, row: str) -> str:
    """The document with nothing but what may stay."""
    document = json.loads(row)
    kept: dict[str, Any] = {}
    for column in table.columns:
        if _stays(column):
            _copy(document, kept, column)
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def scrubbed(value: Any, words: tuple[str, ...], mask: str) -> Any:
    """A document's value, `mask` in the place of every text that holds one of the words."""
    if isinstance(value, Mapping):
        return {name: scrubbed(one, words, mask) for name, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, words, mask) for one in value]
    said = folded(str(value)) if isinstance(value, str | int) else ""
    return mask if any(word in said for word in words) else value


def _stays(column: Column) -> bool:
    if column.about_people or column.name in WHO:
        return False
    return bool(
        column.key_position is not None
        or column.items
        or column.logical in PLAIN
        or column.name in KEPT | WHOLE
    )


def _copy(document: Any, kept: dict[str, Any], column: Column) -> None:
    for spelling in column.spellings:
        value = document
        for name in spelling:
            value = _within(value, name)
        if value is None:
            continue
        if column.items:
            value = [_element(one, column) for one in value] if isinstance(value, list) else []
        elif isinstance(value, list | dict) and column.name not in WHOLE:
            continue
        place = kept
        for name in spelling[:-1]:
            place = place.setdefault(name, {})
        place[spelling[-1]] = value


def _within(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return None


def _element(element: Any, column: Column) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for item in column.items:
        if _stays(item):
            _copy(element, kept, item)
    return kept
