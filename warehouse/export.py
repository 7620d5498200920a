"""All that is held about a customer, as a page to read and a file for programs.

    exports/<moment>-<customer id>/customer.html   sections in tables, for the person
    exports/<moment>-<customer id>/customer.json   the same rows

Readable for their owner alone. What is made of the records is as of the last build; the records are
as they were landed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import duckdb

from contracts import load
from contracts.reader import HERE
from contracts.typed import quoted
from systems import System
from warehouse import Places, opened, tables
from warehouse.erased import Erased, landed_of
from warehouse.erasure import EXPORTS, hold_unforgotten
from warehouse.person import Normal, Person, find
from warehouse.unsaid import lines_of

SCHEMAS = ("marts", "identity", "activation")
FIRST = ("marts.customer_360", "marts.customer_fields", "marts.timeline")
SAID = {
    "customer_ids": "Which number was given to which record, and when.",
    "identity_overrides": "What people decided about records being one customer or not, and why.",
    "quarantine": "What people decided about rows that broke a rule.",
    "creations": "Which record was created in which tool.",
    "sends": "What was written into which tool, and what became of it.",
}
STYLE = (
    "body{font:15px system-ui,sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse;"
    "font-size:13px}td,th{border:1px solid #ccc;padding:.3em .5em;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}section{overflow-x:auto}"
)


@dataclass(frozen=True)
class Exported:
    customer_id: str
    folder: Path
    rows: int


@dataclass(frozen=True)
class Section:
    name: str
    about: str
    rows: list[dict[str, Any]]


def export(
    places: Places,
    systems: Mapping[str, System],
    identifier: str,
    *,
    normal: Normal,
    now: datetime | None = None,
) -> Exported:
    """Raises ValueError for an identifier that is nobody's or several customers'."""
    hold_unforgotten(places, identifier, normal)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with opened(places) as connection:
        person = find(connection, identifier, normal)
        made = list(_made(connection, person))
        landed = list(_landed(places, systems, person))
        waiting = _quarantine(connection, landed)
        [(as_of,)] = connection.execute("select as_of from ops.as_of").fetchall()
    sections = [
        one for one in (*made, *landed, waiting, *_said(places, person, landed)) if one.rows
    ]
    folder = places.data / EXPORTS / f"{moment:%Y%m%dT%H%M%S}-{person.customer_id}"
    head = {
        "customer_id": person.customer_id,
        "made_at": f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        "as_of": f"{as_of} UTC",
    }
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    content = {**head, "sections": {one.name: one.rows for one in sections}}
    _write(folder / "customer.json", json.dumps(content, ensure_ascii=False, indent=1, default=str))
    _write(folder / "customer.html", _page(head, sections))
    return Exported(person.customer_id, folder, sum(len(one.rows) for one in sections))


def _made(connection: duckdb.DuckDBPyConnection, person: Person) -> Iterator[Section]:
    """Of every table that tells of customers: the rows that tell of this one."""
    promised = load(HERE / "marts.odcs.yaml").tables
    names = tables.of_schemas(connection, SCHEMAS)
    for name in [*FIRST, *(name for name in names if name not in FIRST)]:
        columns = [row[0] for row in connection.execute(f"describe {_quoted(name)}").fetchall()]
        if "customer_id" not in columns:
            continue
        query = f"from {_quoted(name)} where customer_id = ?"
        table = promised.get(name.partition(".")[2])
        about = table.description if table else "Made of the records of all systems."
        yield Section(name, about, _rows(connection.execute(query, [person.customer_id])))


def _landed(places: Places, systems: Mapping[str, System], person: Person) -> Iterator[Section]:
    """Each version of each record, as the system gave it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for system, table, met in landed_of(places, systems, person):
        record = json.loads(met.row) if met.row else None
        found.setdefault(f"{system}.{table}", []).append({"key": met.key, "record": record})
    for name, rows in sorted(found.items()):
        yield Section(f"landed {name}", "As the system gave it, each version of it.", rows)


def _quarantine(connection: duckdb.DuckDBPyConnection, landed: Iterable[Section]) -> Section:
    keys = [
        f"{one.name.removeprefix('landed ')}.{row['key']}" for one in landed for row in one.rows
    ]
    found = connection.execute(
        """select * from quarantine.rows
            where list_contains($keys, concat_ws('.', system, table_name, key)) order by all""",
        {"keys": keys},
    )
    return Section("quarantine", "Versions of records that broke a rule.", _rows(found))


def _said(places: Places, person: Person, landed: Iterable[Section]) -> Iterator[Section]:
    found: dict[str, list[dict[str, Any]]] = {}
    keys = {
        (*one.name.removeprefix("landed ").split(".", 1), row["key"])
        for one in landed
        for row in one.rows
    }
    for topic, record in lines_of(places, person, Erased(landed=keys)):
        found.setdefault(topic, []).append(record)
    for topic, rows in found.items():
        yield Section(f"journal {topic}", SAID.get(topic, "Noted in the journal."), rows)


def _rows(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _page(head: Mapping[str, str], sections: Iterable[Section]) -> str:
    listed = list(sections)
    contents = "".join(
        f'<li><a href="#s{n}">{escape(one.name)}</a>: {len(one.rows)}</li>'
        for n, one in enumerate(listed)
    )
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{head["customer_id"]}</title>'
        f"<style>{STYLE}</style></head><body><h1>Customer {head['customer_id']}</h1>"
        f"<p>Everything held about this customer. Written {head['made_at']}; what is made of the "
        f"records is as of {head['as_of']}. Times are UTC. Not in it: what the tools themselves "
        f"keep, backups, and the logs of Airflow.</p><ul>{contents}</ul>"
        + "".join(_section(n, one) for n, one in enumerate(listed))
        + "</body></html>\n"
    )


def _section(number: int, section: Section) -> str:
    names = list(dict.fromkeys(name for row in section.rows for name in row))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>"
        for row in section.rows
    )
    return (
        f'<section id="s{number}"><h2>{escape(section.name)}</h2><p>{escape(section.about)}</p>'
        f"<table><tr>{head}</tr>{body}</table></section>"
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return escape(str(value))


def _write(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


def _quoted(name: str) -> str:
    schema, _, table = name.partition(".")
    return f"{quoted(schema)}.{quoted(table)}"
