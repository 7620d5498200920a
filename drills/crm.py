"""A lean HubSpot with contacts only: python -m drills.crm ROWS. Every row follows from its id.

Ids count from 1. What was never touched changed 100 ms after the id before it. `POST /touch/N`
moves the contacts 1 to N to another town, 1 ms apart, but `TOGETHER` of them at one moment.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson

from drills.lean import serve

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = 1_767_225_600_000  # ms: 2026-01-01
TOUCHED = FIRST + 200 * 86_400_000
TOGETHER = 15_000
BEFORE = 7_000  # touched contacts before those
CAP, TOO_FAR = 10_000, "You have reached the maximum number of results: 10000"
PROPERTIES = ("email", "firstname", "lastname", "company", "phone", "city", "lastmodifieddate")
TYPES = {"lastmodifieddate": "datetime"}


class Contacts:
    def __init__(self, rows: int) -> None:
        self.rows, self.touched = rows, 0

    def moment(self, number: int) -> int:
        """In ms."""
        if number > self.touched:
            return FIRST + 100 * number
        return TOUCHED + (number if number <= BEFORE else max(BEFORE + 1, number - TOGETHER + 1))

    def row(self, number: int) -> dict[str, Any]:
        at = _iso(self.moment(number))
        values = {
            "email": f"kisi{number}@ornek.example",
            "firstname": f"Ad{number % 977}",
            "lastname": f"Soyadı{number % 7919}",
            "company": f"Şirket {number % 4001} Ltd. Şti.",
            "phone": f"+90532{number:07}",
            "city": "Bodrum" if number <= self.touched else "Muğla",
            "lastmodifieddate": at,
        }
        return {
            "id": str(number),
            "properties": values,
            "createdAt": _iso(FIRST),
            "updatedAt": at,
            "archived": False,
        }

    def page(self, after: int, limit: int) -> dict[str, Any]:
        last = min(after + limit, self.rows)
        page: dict[str, Any] = {"results": [self.row(n) for n in range(after + 1, last + 1)]}
        return page | ({"paging": {"next": {"after": str(last)}}} if last < self.rows else {})

    def found(self, filters: Sequence[dict[str, Any]]) -> list[range]:
        """Matching contacts in the order of change: those never touched, then those touched."""
        parts = [range(self.touched + 1, self.rows + 1), range(1, self.touched + 1)]
        for one in filters:
            value = int(one["value"])
            parts = [self._part(part, one["operator"], value) for part in parts]
        return parts

    def _part(self, part: range, operator: str, value: int) -> range:
        if operator == "GT":
            return part[bisect_right(part, value) :]
        first = bisect_left(part, value, key=self.moment)
        last = bisect_right(part, value, key=self.moment) if operator == "EQ" else len(part)
        return part[first:last]

    def search(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        filters = [one for group in asked["filterGroups"] for one in group["filters"]]
        parts = self.found(filters)
        total, after, limit = sum(map(len, parts)), int(asked["after"]), asked["limit"]
        if after + limit > CAP:
            return 400, {"status": "error", "category": "VALIDATION_ERROR", "message": TOO_FAR}
        numbers: list[int] = []
        skip = after
        for part in parts:
            numbers += part[skip : skip + limit - len(numbers)]
            skip = max(0, skip - len(part))
        answer: dict[str, Any] = {"total": total, "results": [self.row(n) for n in numbers]}
        end = after + len(numbers)
        return 200, answer | ({"paging": {"next": {"after": str(end)}}} if end < total else {})

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
        asked: Any = orjson.loads(body) if body else {}
        if path.startswith("/touch/"):
            self.touched = int(path.rpartition("/")[2])
            return 200, {}
        if path.endswith("/search"):
            return self.search(asked)
        if path.startswith("/crm/properties/"):
            return 200, {
                "results": [{"name": n, "type": TYPES.get(n, "string")} for n in PROPERTIES]
            }
        if path.startswith("/crm/associations/"):
            return 200, {
                "status": "COMPLETE",
                "results": [_link(one["id"]) for one in asked["inputs"]],
            }
        if path.endswith("/batch/read"):
            numbers = [int(one["id"]) for one in asked["inputs"]]
            return 200, {"results": [self.row(n) for n in numbers if 0 < n <= self.rows]}
        given = parse_qs(query)
        if given.get("archived") == ["true"]:
            return 200, {"results": []}
        return 200, self.page(int(given.get("after", ["0"])[0]), int(given["limit"][0]))


def _link(record: str) -> dict[str, Any]:
    return {"from": {"id": record}, "to": [{"toObjectId": int(record) % 4001 + 1}]}


def _iso(millis: int) -> str:
    moment = EPOCH + timedelta(milliseconds=millis)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"


if __name__ == "__main__":
    serve(Contacts(int(sys.argv[1])).answer)
