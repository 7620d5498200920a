"""meta_data: the values others hang on a record, as WordPress keeps them."""

from __future__ import annotations

import itertools
from typing import Any


class Meta:
    """Meta values of many records, by key; ids are given once and stay."""

    def __init__(self, values: dict[str, dict[str, Any]]) -> None:
        self.values = values
        self._ids: dict[tuple[str, str], int] = {}
        self._next = itertools.count(1)

    def rows(self, record: str) -> list[dict[str, Any]]:
        known = self.values.get(record, {})
        return [{"id": self.id(record, key), "key": key, "value": known[key]} for key in known]

    def write(self, record: str, entries: list[dict[str, Any]], *, hidden: bool) -> None:
        """Upserts by key (or by a known id); null deletes. Keys starting with _ are dropped
        in silence unless `hidden` ones may be kept, as on orders.
        """
        known = self.values.setdefault(record, {})
        by_id = {self.id(record, key): key for key in known}
        for entry in entries:
            key = by_id.get(entry.get("id", 0)) or str(entry.get("key", ""))
            if not key or (key.startswith("_") and not hidden):
                continue
            value = entry.get("value")
            if value is None:
                known.pop(key, None)
                self._ids.pop((record, key), None)
            else:
                known[key] = _stored(value)

    def id(self, record: str, key: str) -> int:
        if (record, key) not in self._ids:
            self._ids[record, key] = next(self._next)
        return self._ids[record, key]


def _stored(value: Any) -> Any:
    """Scalars come back as text, PHP's way: true is "1" and false is ""."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int | float):
        return str(value)
    return value
