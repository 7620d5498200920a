"""How Shopify writes ids, amounts and moments."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


def gid(type_: str, record: object) -> str:
    return f"gid://shopify/{type_}/{record}"


def money(amount: Decimal, currency: str) -> Row:
    value = {"amount": f"{amount:.2f}", "currencyCode": currency}
    return {"shopMoney": value, "presentmentMoney": value}


def iso(moment: datetime | None) -> str | None:
    """Whole seconds, as Shopify shows (and compares) them."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
