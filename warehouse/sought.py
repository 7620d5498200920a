"""Which landed rows are about a person, and what of them may stay.

A row is theirs by its key, by the customer or order it says it belongs to, or because its key names
them; other rows may say something of them. Of a table that no contract promises nobody can say
what may stay: a row that names them goes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from contracts import Table
from contracts.personal import MASK
from contracts.typed import pointers, text
from warehouse.anonymous import SALES, anonymous, scrubbed
from warehouse.files import Folder
from warehouse.person import FOLDED, Person

CUSTOMER, ORDER = ("customer_id", "customer_key"), ("order_id",)  # columns that say whose it is
TOGETHER = "contacts"  # the column of who took part
SAYING = ("note", "comment", "subject", "content")  # columns in which people speak of others
PEOPLE = frozenset(
    ("customers", "contacts", "consents", "interactions", "surveys", "carts", "tickets")
    + ("abandoned_checkouts", "calls", "emails", "meetings")
)


class Met(NamedTuple):
    """A row that may be about the person. `own`: it is by its key, or by whose it says it is.
    `row`: its document; nothing of what only says that a record is gone."""

    place: int
    key: str
    row: str
    own: bool


@dataclass
class Sought:
    """What is looked for in one table. `table`: None where no contract promises it."""

    name: str
    table: Table | None
    keys: set[str]
    customers: set[str]
    orders: set[str]
    person: Person

    def decided(self, met: Met) -> str | None:
        """The document as it may stay; None: the row goes."""
        if self.table is None:
            return None
        if met.own and self.name not in SALES:
            return self._without(met.row)
        if not met.row:
            return met.row
        if self.name in SALES:
            found = anonymous(self.table, met.row)
            return _masked(found, self.person) if self.person.is_named(found) else found
        document = json.loads(met.row)
        if self.name in PEOPLE and self._says(document):
            return None
        return _masked(met.row, self.person)

    def _without(self, row: str) -> str | None:
        """Their own row goes; a call that others took part in stays theirs."""
        column = next((c for c in self.table.columns if c.name == TOGETHER), None)  # type: ignore[union-attr]
        if not row or column is None or not column.items:
            return None
        document, (*above, last) = json.loads(row), column.spellings[-1]
        place = _at(document, above)
        listed = place.get(last) if isinstance(place, dict) else None
        paths = column.items[0].spellings[-1]
        others = [one for one in listed or [] if str(_at(one, paths)) not in self.customers]
        if not others:
            return None
        if others != listed:
            place[last] = others
            row = _told(document)
        return _masked(row, self.person) if self.person.is_named(row) else row

    def _says(self, document: Any) -> bool:
        """Whether a cell in which somebody says who they are names the person."""
        cells = (
            _at(document, spelling)
            for column in (self.table.columns if self.table else ())
            if column.personal and column.name not in SAYING
            for spelling in column.spellings
        )
        return any(self.person.is_named(str(cell)) for cell in cells if cell is not None)


def columns_of(connection: duckdb.DuckDBPyConnection, file: Folder) -> list[str]:
    query = f"describe from read_parquet({text(str(file))})"
    return [name for name, *_ in connection.execute(query).fetchall()]


def met(connection: duckdb.DuckDBPyConnection, file: Folder, sought: Sought) -> list[Met]:
    """Few of many rows: what they say is looked at in Python, whether to look in SQL."""
    names = columns_of(connection, file)
    key, row = ("_key", "_row") if "_key" in names else ("key", "row")
    own = [f"{key} in (select unnest($keys::varchar[]))"]
    for columns, values in ((CUSTOMER, "customers"), (ORDER, "orders")):
        paths = _paths(sought, columns)
        if paths and getattr(sought, values):
            cells = f"json_extract_string({row}, [{', '.join(map(text, paths))}])"
            own.append(f"coalesce(list_has_any({cells}, ${values}::varchar[]), false)")
    given: dict[str, Any] = {
        name: sorted(getattr(sought, name))
        for name in ("keys", "customers", "orders")
        if f"${name}" in " ".join(own)
    }
    said = "list_bool_or(list_transform($words::varchar[], lambda w: contains({}, w)))"
    own.append(f"coalesce({said.format(FOLDED.format(key))}, false)")
    condition = " or ".join(own)
    return [
        Met(*found)
        for found in connection.execute(
            f"""select file_row_number, {key}, coalesce({row}, ''), {condition} as own
                from read_parquet({text(str(file))}, file_row_number = true)
                where own or {said.format(FOLDED.format(row))}""",
            {**given, "words": list(sought.person.words)},
        ).fetchall()
    ]


def _paths(sought: Sought, names: Sequence[str]) -> list[str]:
    """JSON pointers to the cells that say whose a row is."""
    if sought.table is None or sought.name not in SALES | PEOPLE:
        return []
    if names is ORDER and sought.name not in SALES:
        return []
    columns = [column for column in sought.table.columns if column.name in names]
    return [pointer for column in columns for pointer in pointers(column.path)]


def _at(document: Any, spelling: Sequence[str]) -> Any:
    for name in spelling:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _masked(document: str, person: Person) -> str:
    return _told(scrubbed(json.loads(document), person.words, MASK))


def _told(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
