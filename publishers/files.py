"""Places a CSV of changed customers where an old program picks it up.

Written aside and renamed, so that nobody reads half of it. A line is whole: an empty cell
clears a value, so those that did not change stand there too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any

from clients import Denied, Refused, Unavailable
from clients.files import opened
from publishers import Due, Field, Outcome
from systems import System

MODEL = "activation.files_customers"
BATCH = 10_000
read = None  # an old program's folder is written to, and answers nothing
TRUE, FALSE = "E", "H"  # evet, hayır


@dataclass
class Outbox:
    """Settings `write_back`: directory, key (the column of the record's id), and where they
    are not the system's own, delimiter and encoding.
    """

    system: System
    fields: Mapping[str, Field] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def rule(self) -> dict[str, Any]:
        rule = self.system.settings.get("write_back")
        if not rule or "directory" not in rule or "key" not in rule:
            raise Refused(
                self.system.name,
                "its settings do not say where to place files",
                "Add write_back (directory, key), or publish = false.",
            )
        shared = {k: self.system.settings.get(k) for k in ("delimiter", "encoding")}
        return {"delimiter": ";", "encoding": "cp1254", **_given(shared), **rule}


def connect(system: System) -> Outbox:
    return Outbox(system)


def prepare(client: Outbox, fields: Mapping[str, Field]) -> None:
    """Remembers the types, and tries the login and the folder before anything is promised."""
    client.fields = fields
    with opened(client.system) as folder:
        folder.entries(client.rule["directory"])


def calls(rows: Sequence[Due]) -> int:
    return -(-len(rows) // BATCH)


def send(client: Outbox, rows: list[Due]) -> list[Outcome]:
    return list(_place(client, rows))


def _place(client: Outbox, rows: list[Due]) -> Iterator[Outcome]:
    rule, names = client.rule, sorted({name for row in rows for name in _whole(row)})
    kept, lines = [], [_line(rule, [rule["key"], *names])]
    for row in rows:
        cells = [row.record, *(_cell(client.fields.get(n), _whole(row).get(n)) for n in names)]
        try:
            lines.append(_line(rule, cells))
            kept.append(row)
        except UnicodeEncodeError as error:
            letters = error.object[error.start : error.end]
            words = f"{letters!r} cannot be said in {rule['encoding']}"
            yield Outcome(row.record, "refused", words)
    if not kept:
        return
    name = f"kopru_{client.now():%Y%m%dT%H%M%S%f}.csv"
    try:
        with opened(client.system) as folder:
            folder.place(str(PurePosixPath(rule["directory"], name)), b"".join(lines))
    except Denied:
        raise
    except (Refused, Unavailable) as error:
        yield from (Outcome(row.record, "retry", error.cause) for row in kept)
        return
    yield from (Outcome(row.record, "accepted", answer=name) for row in kept)


def _whole(row: Due) -> Mapping[str, str | None]:
    return {**row.current, **row.values}


def _line(rule: Mapping[str, Any], cells: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=rule["delimiter"], lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode(rule["encoding"])


def _cell(known: Field | None, value: str | None) -> str:
    """Canonical text as Turkish programs read it: 22.11.2026, 12,50, E."""
    if value is None:
        return ""
    kind = known.type if known else "text"
    if kind == "date":
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    if kind == "decimal":
        return value.replace(".", ",")
    if kind == "boolean":
        return TRUE if value == "true" else FALSE
    return value


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
