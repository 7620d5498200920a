"""Moments as a system writes them, and as we compare them: UTC, ISO 8601 with Z."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from clients import Refused
from clients.soap.envelope import walk

ISO = "%Y-%m-%dT%H:%M:%SZ"


class Moments:
    """Of one table, by its settings:

    cursor         path of the moment a row last changed
    cursor_format  strptime's, where it is not ISO 8601
    since_format   strftime's, how {since} and {until} are written
    timezone       of moments without an offset, both ways
    overlap        how far before the last change a read starts, e.g. {days = 1}
    first          {since} of a read of everything, where the system insists on one
    """

    def __init__(self, system: str, table: str, spec: Mapping[str, Any]) -> None:
        self.system, self.table = system, table
        self.path: str | None = spec.get("cursor")
        self.cursor_format: str | None = spec.get("cursor_format")
        self.since_format: str = spec.get("since_format", ISO)
        self.zone: tzinfo = ZoneInfo(spec["timezone"]) if "timezone" in spec else UTC
        self.overlap = timedelta(**spec.get("overlap", {"minutes": 5}))
        self.first: str | None = spec.get("first")

    def cursor(self, row: Mapping[str, Any]) -> str | None:
        """None for a row that says nothing; year 1 is how .NET and NAV write nothing."""
        text = walk(row, self.path) if self.path else None
        if not text:
            return None
        try:
            moment = (
                datetime.strptime(text, self.cursor_format)  # noqa: DTZ007 - its zone comes next
                if self.cursor_format
                else datetime.fromisoformat(text)
            )
        except ValueError:
            raise Refused(
                self.system,
                f"{self.table}: {self.path} is {text!r}, which is no "
                f"{self.cursor_format or 'ISO 8601 moment'}",
                'Set cursor_format in the table\'s settings, for example "%d.%m.%Y %H:%M:%S".',
            ) from None
        if moment.year == 1:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
        return aware.astimezone(UTC).strftime(ISO)

    def asked(self, since: str | None) -> dict[str, str | None]:
        """Values of {since} and {until}, as the system writes moments."""
        start = since or self.first
        return {
            "since": self._written(datetime.fromisoformat(start)) if start else None,
            "until": self._written(datetime.now(UTC)),
        }

    def _written(self, moment: datetime) -> str:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(self.zone).strftime(self.since_format)
