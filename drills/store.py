"""A lean WooCommerce with orders only: python -m drills.store ROWS. It never holds still.

For every page of orders that is read, one order before it goes to the trash, so that those
behind it move up, and one anywhere changes. `POST /still` ends that; `GET /truth` says what
became of whom.
"""

from __future__ import annotations

import random
import sys
from bisect import bisect_left
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from drills.lean import serve

FIRST = "2026-01-01T10:00:00"


class Orders:
    """`live`: ids that are not in the trash. `changed`: id -> how often, and when last."""

    def __init__(self, rows: int) -> None:
        self.live = list(range(1, rows + 1))
        self.trashed: list[int] = []
        self.changed: dict[int, tuple[int, str]] = {}
        self.chance, self.moves = random.Random(7), True

    def answer(
        self, method: str, path: str, query: str, body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        if path == "/still":
            self.moves = False
            return 200, {}, {}
        if path == "/truth":
            changed = [[number, times] for number, (times, _) in self.changed.items()]
            return 200, {"trashed": self.trashed, "changed": changed}, {}
        given = {name: values[0] for name, values in parse_qs(query).items()}
        found, start = self._found(given), int(given.get("offset", 0))
        page = found[start : start + int(given["per_page"])]
        rows = [self._row(number) for number in page]
        if self.moves and given["status"] == "any" and page and "include" not in given:
            self._move(page[-1])
        return 200, rows, {"X-WP-Total": str(len(found))}

    def _found(self, given: dict[str, str]) -> list[int]:
        if given["status"] not in ("any", "trash"):
            return []
        found = self.live if given["status"] == "any" else sorted(self.trashed)
        if "include" in given:
            asked = {int(number) for number in given["include"].split(",")}
            return [number for number in sorted(asked) if self._is_in(found, number)]
        after = given.get("modified_after", "")[:19]
        if after > FIRST:
            recent = (number for number, (_, at) in self.changed.items() if at > after)
            return [number for number in sorted(recent) if self._is_in(found, number)]
        return found

    def _is_in(self, found: list[int], number: int) -> bool:
        at = bisect_left(found, number)
        return at < len(found) and found[at] == number

    def _move(self, last: int) -> None:
        gone = self.live.pop(self.chance.randrange(bisect_left(self.live, last) + 1))
        self.trashed.append(gone)
        for number in (gone, self.chance.choice(self.live)):
            times, _ = self.changed.get(number, (0, FIRST))
            self.changed[number] = times + 1, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"

    def _row(self, number: int) -> dict[str, Any]:
        times, at = self.changed.get(number, (0, FIRST))
        return {
            "id": number,
            "status": "processing",
            "currency": "TRY",
            "total": f"{number % 9000}.50",
            "date_created_gmt": FIRST,
            "date_modified_gmt": at,
            "customer_id": number % 70_001,
            "customer_note": f"değişti: {times}",
            "billing": {"first_name": f"Ad{number % 977}", "email": f"kisi{number}@ornek.example"},
            "line_items": [{"id": number * 10, "name": "Zeytin", "quantity": 1, "total": "12.50"}],
        }


if __name__ == "__main__":
    serve(Orders(int(sys.argv[1])).answer)
