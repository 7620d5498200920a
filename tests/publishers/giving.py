"""A served tool of any kind and what it is to be given, as the engine meets them: the files of a
build, a journal, and the tool's own protocol."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import islice
from typing import Any

from clients.soap.notes import ours, with_ours
from contracts import load
from contracts.reader import HERE
from publishers.engine import publish
from publishers.published import Published
from publishers.restore import restore
from systems import System
from tests.kinds import Kind, Running
from warehouse import Places, memory, opened
from warehouse.build import prepare
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.published import say_published

Values = dict[str, str | None]
BY = "oya"
NOTE = "Cuma günü arayın"  # what a person wrote in the field that our line goes into
STRANGER = "99999"


@dataclass
class Giving:
    """`numbers`: of the tool's records that nothing was given to yet. `wanted`: what records
    should hold, by the newest build."""

    running: Running
    places: Places
    numbers: Iterator[int]
    wanted: dict[str, Values] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)

    @property
    def kind(self) -> Kind:
        return self.running.kind

    @property
    def system(self) -> System:
        return self.running.system

    @property
    def store(self) -> Any:
        return self.running.store

    @property
    def reads(self) -> bool:
        """Whether the tool can be asked what it holds."""
        return self.kind.publisher.read is not None

    def want(self, version: int, rows: int) -> Giving:
        """A build that has so many rows of records that nothing was given to yet."""
        records = [str(number) for number in islice(self.numbers, rows)]
        return self.serve({record: values(record, version) for record in records})

    def change(self, version: int, *names: str) -> Giving:
        """A build in which these values of the same records, without names all, are others."""
        return self.serve(
            {
                record: {**row, **_chosen(values(record, version), names)}
                for record, row in self.wanted.items()
            }
        )

    def serve(self, rows: dict[str, Values]) -> Giving:
        schema, _, table = self.kind.publisher.MODEL.partition(".")
        columns = _columns(table)
        self.places.serving.mkdir(parents=True, exist_ok=True)
        aside = self.places.serving / ".desk.duckdb"
        with memory() as connection:
            connection.execute(f"attach '{aside}' as desk; create schema desk.{schema}")
            shape = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
            connection.execute(f"create table desk.{schema}.{table} ({shape})")
            for record, row in rows.items():
                known = {**row, "system": self.system.name, "record": record}
                connection.execute(
                    f"insert into desk.{schema}.{table} values ({', '.join('?' * len(columns))})",
                    [known.get(name) for name in columns],
                )
        aside.replace(self.places.serving / "desk.duckdb")
        self.wanted = rows
        self.touched |= rows.keys()
        return self

    def spoil(self) -> str:
        """One of the records wanted, which the tool will refuse now."""
        rows = dict(self.wanted)
        bad, row = rows.popitem()
        if not self.kind.bad:
            bad = STRANGER
        self.serve({**rows, bad: {**row, "city": "日本"}})
        return bad

    def publish(self, **options: Any) -> Published:
        return publish(self.places, self.system, **{"approved_by": BY, **options})

    def restore(self, run: str, *, apply: bool = True) -> Published:
        return restore(self.places, self.system, run, by=BY, why="it was wrong", apply=apply)

    def lines(self, topic: str) -> list[dict[str, Any]]:
        """Of the journal, in their order."""
        return [*Journal(self.places.journal).records(topic)]

    def last_run(self) -> str:
        [*_, last] = self.lines("publish_runs")
        return str(last["run"])

    def holds(self, record: str) -> Values:
        """What the tool has of ours, as canonical text; nothing where it is empty."""
        given = self.kind.given(self.store, record)
        return dict(given) if self.reads else _read_back(given)

    def lacks(self) -> dict[str, tuple[Values, Values]]:
        """Records that do not hold what they should: what they hold, and should."""
        found = {}
        for record in self.wanted.keys() & self.store.customers.keys():
            is_, should = self.holds(record), _said(self.wanted[record])
            if is_ != should:
                found[record] = (is_, should)
        return found

    def theirs(self) -> dict[str, dict[str, Any]]:
        """What is not ours in the records wanted."""
        return {record: self.own(record) for record in self.wanted.keys() - {STRANGER}}

    def own(self, record: str) -> dict[str, Any]:
        customer = {**vars(self.store.customers[record]), "updated_at": None}
        return customer | self.kind.own(self.store, record)

    def most_often(self) -> int:
        """How often the value arrived in the tool that arrived most often."""
        arrived = self.store.arrived.items()
        return max((times for one, times in arrived if one[0] in self.touched), default=0)

    def edit(self, record: str, name: str, value: str) -> None:
        """Somebody writes another value over ours, in the tool."""
        if self.kind.name == "soap":
            members = self.store.members[record]
            text = members["note_public"]
            members["note_public"] = with_ours(text, {**ours(text), name: value})
            return
        given = self.store.given[record]
        [called] = [one for one in given if re.fullmatch(rf"(kopru[._])?{name}", one)]
        given[called] = value

    def accounts(self) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
        """The rows of ops.publish_runs, and of ops.publish_rows the states of each run."""
        with opened(self.places) as connection:
            prepare(connection, [self.system])
            merge_journal(connection, Journal(self.places.journal))
            say_published(connection)
            found = connection.execute("from ops.publish_runs order by run")
            names = [column[0] for column in found.description or ()]
            runs = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            rows = dict(
                connection.execute(
                    "select run, list(state) from ops.publish_rows group by run"
                ).fetchall()
            )
        return runs, rows

    def remembered(self) -> dict[str, str]:
        """Every file of the journal, and the digest of its content."""
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.places.data.joinpath("journal").rglob("*")
            if path.is_file()
        }


def values(record: str, version: int) -> Values:
    """Of one record; in another version every value but the customer's id is another one."""
    return {
        "customer_id": f"c_{int(record):012x}",
        "name": f"Ayşe Yılmaz {record}/{version}",
        "email": f"ayse{record}.{version}@posta.example",
        "phone": f"+90532{int(record):04}{version:03}",
        "city": f"Muğla {version}",
        "order_count": str(version),
        "first_order_on": str(date(2020, 1, version % 28 + 1)),
        "last_order_on": str(date(2026, 1, version % 28 + 1)),
        "channels": f"online {version}",
        "is_omnichannel": "true" if version % 2 else "false",
        "revenue": f"{version}.50 TRY",
        "open_balance": f"{version}.00 TRY",
    }


@contextmanager
def running(kind: Kind, customers: int) -> Iterator[Running]:
    """The tool, served; in an ERP people wrote notes where our line goes."""
    with kind.running(customers=customers, orders=0) as found:
        if kind.name == "soap":
            for record in found.store.customers:
                found.store.members[record] = {"note_public": NOTE, "fax": f"0232{record}"}
        yield found


@cache
def _columns(table: str) -> dict[str, str]:
    """Of an activation model, as its contract has them."""
    contract = load(HERE / "activation.odcs.yaml")
    return {column.name: column.type for column in contract.tables[table].columns}


def _chosen(row: Values, names: tuple[str, ...]) -> Values:
    return {name: row[name] for name in names} if names else row


def _said(row: Mapping[str, str | None]) -> Values:
    return {name: text for name, text in row.items() if text}


def _read_back(cells: Mapping[str, str]) -> Values:
    """The till's cells as canonical text."""
    found: Values = {}
    for name, text in cells.items():
        if day := re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text):
            found[name] = "-".join(reversed(day.groups()))
        elif text:
            found[name] = {"E": "true", "H": "false"}.get(text, text)
    return found
