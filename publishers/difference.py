"""Who may be due, found in SQL, so that only those become objects.

The served ledger (warehouse/ledger.py) is as old as the last build. So records that newer lines of
the journal name are among those found here, whatever it says of them, and every one goes through
the Ledger's own logic. Where the served ledger cannot be built on, all rows are given, and the
Ledger reads the whole journal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.typed import quoted, text
from publishers import Field, Values
from publishers.ledger import Entry, Ledger
from publishers.policy import may_be_sent
from warehouse import Database
from warehouse.journal import Journal
from warehouse.ledger import SCHEMA, TOPIC, column, known_files

log = logging.getLogger(__name__)
Wanted = tuple[str, str, dict[str, str | None]]
Test = Callable[[str, str, str], str]  # SQL of a field's name, value wanted, and value held


@dataclass(frozen=True)
class Difference:
    """`of`: records the tool has. `rows`: (record, customer_id, values as text), by record, of all
    that may be due."""

    of: int
    rows: list[Wanted]


def difference(
    connection: Database, model: str, fields: Mapping[str, Field], ledger: Ledger
) -> Difference:
    """`connection`: to the served file. The ledger knows the entries of these rows afterwards."""
    system = text(ledger.system)
    [(of,)] = connection.execute(f"select count(*) from {model} where system = {system}").fetchall()
    newer = _newer(connection, ledger.journal)
    cast = ", ".join(f"model.{quoted(name)}::varchar" for name in fields)
    if newer is None:
        found = connection.execute(
            f"select record, {cast} from {model} as model where system = {system} order by record"
        ).fetchall()
        return Difference(of, [_row(fields, row) for row in found])
    lines = [
        line
        for line in ledger.journal.records(TOPIC, only=newer)
        if line["system"] == ledger.system
    ]
    places = dict(connection.execute(f"select name, place from {SCHEMA}.fields").fetchall())
    held = "".join(f", entries.{column(place)}" for place in places.values())
    connection.execute("create or replace temp table newer (record varchar primary key)")
    named = [*{line["record"] for line in lines}]
    connection.execute("insert into newer select unnest($1::varchar[])", [named])
    # What differs is asked first, for that is quick and leaves few to ask what else decides.
    found = connection.execute(
        f"""select model.record, {cast}, entries.record, entries.unsure, entries.declined,
                entries.refused {held}
            from {model} as model
            left join {SCHEMA}.entries as entries
                on entries.record = model.record and entries.system = {system}
            left join newer on newer.record = model.record
            where model.system = {system}
                and (newer.record is not null
                    or ((entries.unsure is not null or {_any(fields, places, _differs)})
                        and ({_any(fields, places, _is_due)})))
            order by model.record"""
    ).fetchall()
    width = 1 + len(fields)
    ledger.start(
        {row[0]: _entry(places, row[width + 1 :]) for row in found if row[width] is not None},
        lines,
        is_new=not connection.execute(
            f"select 1 from {SCHEMA}.entries where system = {system} limit 1"
        ).fetchall(),
    )
    return Difference(of, [_row(fields, row[:width]) for row in found])


def _newer(connection: Database, journal: Journal) -> set[str] | None:
    """Files that the served ledger does not know; None where it cannot be built on."""
    known = known_files(connection)
    if known is None:
        return None
    there = journal.names(TOPIC)
    newer = there - known
    if known - there:
        log.warning("the served ledger knows files that the journal no longer has: reading it all")
        return None
    if newer and known and min(newer) < max(known):
        log.info("a file of the journal came late: reading all of it")
        return None
    return newer


def _any(fields: Mapping[str, Field], places: Mapping[str, int], test: Test) -> str:
    """Whether the test holds of any field that may be sent."""
    tests = []
    for name, field in fields.items():
        wanted = f"model.{quoted(name)}::varchar"
        held = f"entries.{column(places[name])}" if name in places else "null::varchar"
        if may_be_sent(field, None):
            tests.append(test(name, wanted, held))
        elif may_be_sent(field, "something"):
            tests.append(f"({wanted} <> '' and {test(name, wanted, held)})")
    return " or ".join(["false", *tests])


def _differs(name: str, wanted: str, held: str) -> str:
    return f"{wanted} is distinct from {held}"


def _is_due(name: str, wanted: str, held: str) -> str:
    """As Ledger.due."""
    declined = f"entries.declined[{text(name)}]"
    return f"""(({_differs(name, wanted, held)}
            or coalesce(list_contains(entries.unsure, {text(name)}), false))
        and not (coalesce(map_contains(entries.declined, {text(name)}), false)
            and {wanted} is not distinct from {declined}))"""


def _row(fields: Mapping[str, Field], row: tuple[Any, ...]) -> Wanted:
    values = dict(zip(fields, row[1:], strict=True))
    return row[0], values["customer_id"], values


def _entry(places: Mapping[str, int], row: tuple[Any, ...]) -> Entry:
    unsure, declined, refused, *held = row
    values: Values = {
        name: value for name, value in zip(places, held, strict=True) if value is not None
    }
    return Entry(dict(values), set(unsure or ()), dict(declined or {}), refused)
