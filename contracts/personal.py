"""What may be shown of a record whose contract calls some of its values personal.

Shown is what the contract promises and does not call personal. The rest is masked: also what
nobody promised, for nobody said that it is harmless. Landing and warehouse hold whole records;
what people read, logs, reports and the served quarantine, shows masked ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contracts.model import Column, Table

MASK = "***"
# Hex digits of a masked key's digest: enough to tell the rows of a quarantine apart, too few to
# come back to a telephone number, of which dozens share them.
DIGITS = 6


def shown_key(table: Table, key: str = "_key") -> str:
    """SQL of a row's key as people see it. `key`: SQL of the key."""
    if table.hidden.isdisjoint(column.name for column in table.key_columns):
        return key
    return masked_key(key)


def masked_key(key: str) -> str:
    return f"concat('{MASK}', left(md5({key}), {DIGITS}))"


def is_masked(key: str) -> str:
    """SQL: whether a key was masked already."""
    return f"regexp_full_match({key}, '\\*\\*\\*[0-9a-f]+')"


@dataclass
class Promise:
    """What a contract promises of one place in a document.

    `plain`: a value is promised there; `whole`: anything is.
    """

    plain: bool = False
    whole: bool = False
    personal: bool = False
    fields: dict[str, Promise] = field(default_factory=dict)
    items: Promise | None = None

    @classmethod
    def of(cls, table: Table) -> Promise:
        """Of its rows."""
        promise = cls()
        for column in table.columns:
            promise.add(column)
        return promise

    def add(self, column: Column) -> None:
        for spelling in column.spellings:
            place = self
            for name in spelling:
                place = place.fields.setdefault(name, Promise())
            if column.personal:
                place.personal = True
            elif column.items:
                place.items = place.items or Promise()
                for item in column.items:
                    place.items.add(item)
            else:
                place.plain = True
                place.whole = column.logical in ("object", "array")

    def shown(self, value: Any, whole: bool = False) -> Any:
        """The value without what is not promised or is personal; nothing stays nothing.

        `whole`: all around it is promised."""
        if value is None or value == "":
            return value
        whole = whole or self.whole
        if self.personal:
            return MASK
        if isinstance(value, list) and self.items:
            return [self.items.shown(item) for item in value]
        if isinstance(value, list | dict) and (whole or self.fields):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            # A list in the place of an object: what it holds is not where the contract says.
            whole = whole and not (self.fields and isinstance(value, list))
            inside = {name: self._within(str(name)).shown(one, whole) for name, one in pairs}
            return inside if isinstance(value, dict) else list(inside.values())
        if isinstance(value, list | dict):
            return MASK
        return value if (self.plain or whole) and not self.fields else MASK

    def _within(self, name: str) -> Promise:
        return self.fields.get(name) or Promise()
