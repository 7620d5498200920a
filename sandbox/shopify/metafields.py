"""Metafields: at most 25 in a call, all or none, every value text that must fit its type."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MOST = 25
OURS = "app--1"  # the namespace Shopify reserves for the app that asks
NAMESPACE, KEY = re.compile(r"[A-Za-z0-9_-]{3,255}"), re.compile(r"[A-Za-z0-9_-]{2,64}")
PARSERS: dict[str, Any] = {
    "single_line_text_field": lambda text: None if "\n" not in text else int(""),
    "multi_line_text_field": str,
    "number_integer": int,
    "number_decimal": Decimal,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "date_time": datetime.fromisoformat,
    "json": json.loads,
    "id": str,
}


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def full_namespace(namespace: str | None) -> str:
    """Left out, or as `$app:name`, it is the app's own."""
    if not namespace:
        return OURS
    return f"{OURS}--{namespace[5:]}" if namespace.startswith("$app:") else namespace


class Fault(Exception):
    """Why an entry is refused: becomes a userError."""

    def __init__(self, field: str, code: str, message: str) -> None:
        self.field, self.code = field, code
        super().__init__(message)

    def error(self, *place: str, index: int | None = None) -> dict[str, Any]:
        return {
            "field": [*place, self.field],
            "message": str(self),
            "code": self.code,
            "elementIndex": index,
        }


class Definitions:
    """Types of metafields that were defined, by owner type and namespace.key."""

    def __init__(self) -> None:
        self.types: dict[tuple[str, str], str] = {}
        self._made: list[dict[str, Any]] = []

    def create(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Raises Fault; a definition can be made only once."""
        namespace = full_namespace(wanted.get("namespace"))
        check_name(namespace, wanted["key"])
        if wanted["type"] not in PARSERS:
            raise Fault("type", "INVALID", f"Type name {wanted['type']} is not a valid type")
        name = (wanted["ownerType"], f"{namespace}.{wanted['key']}")
        if name in self.types:
            text = f"Key is in use for {name[0].capitalize()} metafields on the '{namespace}' "
            raise Fault("key", "TAKEN", f"{text}namespace.")
        self.types[name] = wanted["type"]
        number = len(self.types)
        made = {**wanted, "id": f"gid://shopify/MetafieldDefinition/{number}"}
        self._made.append(made | {"namespace": namespace})
        return self._made[-1]

    def found(self, owner_type: str, namespace: str | None) -> list[dict[str, Any]]:
        wanted = full_namespace(namespace) if namespace else None
        return [
            made
            for made in self._made
            if made["ownerType"] == owner_type and wanted in (None, made["namespace"])
        ]

    def type_for(self, entry: dict[str, Any], name: str, known: str | None) -> str:
        """The type an entry must have; raises Fault when nobody says it, or two say another."""
        defined = self.types.get(("CUSTOMER", name)) or known
        type_ = entry.get("type") or defined
        if type_ is None:
            raise Fault("type", "BLANK", "Type can't be blank")
        if defined and type_ != defined:
            raise Fault("type", "INVALID_TYPE", f"Type must be {defined}")
        if type_ not in PARSERS:
            raise Fault("type", "INVALID_TYPE", f"Type {type_} is not a valid type")
        return str(type_)


def check_name(namespace: str, key: str) -> None:
    for field, text, pattern in (("namespace", namespace, NAMESPACE), ("key", key, KEY)):
        if len(text) < (2 if field == "key" else 3):
            raise Fault(field, "TOO_SHORT", f"{field.capitalize()} is too short")
        if not pattern.fullmatch(text):
            raise Fault(field, "INVALID", f"{field.capitalize()} is not valid: {text}")


def check_value(type_: str, value: str) -> None:
    if not value:
        raise Fault("value", "BLANK", "Value may not be empty")
    try:
        PARSERS[type_](value)
    except (ValueError, ArithmeticError, KeyError):
        text = f"Value is not valid for the type {type_}"
        raise Fault("value", "INVALID_VALUE", text) from None
