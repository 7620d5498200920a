"""The served ledger says of every row what the journal read line by line says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import publishers.plan
import warehouse.ledger
from contracts.typed import quoted
from publishers import Due, Field
from publishers.consent import Gate
from publishers.creating import Creations
from publishers.ledger import Ledger
from publishers.plan import Plan, plan
from systems import System
from warehouse import Database, Places, memory, tables
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.ledger import keep

CRM = System("crm", "hubspot", publish=True)
MODULE: Any = SimpleNamespace(MODEL="activation.made_up", read=len, calls=len)
STATES = ("intent", "accepted", "refused", "retry", "placed", "found", "kept", "restored")
COLUMNS = {"customer_id": "varchar", "city": "varchar", 'o"c': "bigint", "it's": "date"}
NAMES = [*COLUMNS, "City", "gone"]  # that lines may name
VALUES = [None, "", "1", "2", "01", "2026-11-23"]
WANTED = {"bigint": [None, "1", "2"], "date": [None, "2026-11-23"], "varchar": VALUES}

line = st.fixed_dictionaries(
    {
        "system": st.sampled_from(["crm", "crm", "other"]),
        "record": st.sampled_from(["1", "2", "3"]),
        "state": st.sampled_from(STATES),
        "values": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3),
    }
)
field = st.builds(
    lambda ownership, clearable: {"ownership": ownership, "clearable": clearable},
    st.sampled_from(["ours", "ours", "if_empty", "newest", "theirs"]),
    st.booleans(),
)
row = st.fixed_dictionaries({name: st.sampled_from(WANTED[kind]) for name, kind in COLUMNS.items()})


class Company:
    """A warehouse and a served file in memory; the journal in a folder. `files` of lines are there
    one after the other, whenever they come into the journal."""

    def __init__(self, folder: Path) -> None:
        self.places = Places.below(folder)
        self.journal, self.written = Journal(self.places.journal), Journal(folder / "written")
        self.connection: Database = memory()
        self.connection.execute("attach ':memory:' as warehouse; use warehouse")
        tables.ensure(self.connection)

    def begin(self, wanted: Mapping[str, Mapping[str, Any]], files: Sequence[Any]) -> list[Path]:
        for root in (self.journal.root, self.written.root):
            shutil.rmtree(root, ignore_errors=True)
        self.connection.execute(
            """use warehouse; delete from journal.sends; delete from ops.journal_files;
            detach database if exists served; attach ':memory:' as served;
            create schema served.activation"""
        )
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in COLUMNS.items())
        self.connection.execute(
            f"create table served.activation.made_up (system varchar, record varchar, {columns})"
        )
        for record, values in wanted.items():
            for system in ("crm", "other"):
                self.connection.execute(
                    "insert into served.activation.made_up values (?, ?, ?, ?, ?, ?)",
                    [system, record, *(values[name] for name in COLUMNS)],
                )
        return [Path(str(self.written.append("sends", lines))) for lines in files if lines]

    def comes(self, files: Sequence[Path]) -> None:
        (self.journal.root / "sends").mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.move(file, str(self.journal.root / "sends" / file.name))

    def build(self) -> None:
        merge_journal(self.connection, self.journal)
        keep(self.connection, "served")

    @contextmanager
    def served(self, *_: Any) -> Iterator[Database]:
        self.connection.execute("use served")
        yield self.connection
        self.connection.execute("use warehouse")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("company"))


def by_line(
    journal: Journal, fields: Mapping[str, Field], wanted: Mapping[str, Any], retry: bool
) -> tuple[Plan, Ledger]:
    """As it is without any SQL."""
    ledger = Ledger(journal, "crm")
    found = Plan("crm", fields, Gate(ledger.held), is_first=not ledger.entries)
    for record, values in sorted(wanted.items()):
        found.of += 1
        due = ledger.due(record, values["customer_id"], values, fields)
        if due and ledger.was_refused(due) and not retry:
            found.skipped += 1
        elif due:
            found.rows.append(due)
    return found, ledger


@given(
    files=st.lists(st.tuples(st.lists(line, max_size=6), st.integers(0, 2)), max_size=6),
    in_order=st.booleans(),
    wanted=st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), row),
    policies=st.lists(field, min_size=len(COLUMNS), max_size=len(COLUMNS)),
    retry=st.booleans(),
)
def test_the_same_is_due_whatever_the_build_knows(
    company: Company, files: Any, in_order: bool, wanted: Any, policies: Any, retry: bool
) -> None:
    """Each file comes before the first build, before the second one, or after it: in the order in
    which they were written, or not."""
    if in_order:
        files = [
            (lines, when)
            for (lines, _), when in zip(files, sorted(w for _, w in files), strict=True)
        ]
    fields = {
        name: Field(name, name, "text", **one) for name, one in zip(COLUMNS, policies, strict=True)
    }
    written = company.begin(wanted, [lines for lines, _ in files])
    whens = [when for lines, when in files if lines]
    for turn in range(3):
        company.comes([file for file, when in zip(written, whens, strict=True) if when == turn])
        if turn < 2:
            company.build()
    ledger = Ledger(company.journal, "crm")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publishers.plan, "promised_fields", lambda *_: fields)
        patched.setattr(publishers.plan, "served", company.served)
        creations = Creations(company.journal, "crm")
        found = plan(company.places, MODULE, CRM, ledger, creations, retry_refused=retry)
    by_hand, whole = by_line(company.journal, fields, wanted, retry)
    assert found.rows == by_hand.rows
    assert (found.skipped, found.of) == (by_hand.skipped, by_hand.of)
    assert found.is_first == by_hand.is_first
    for due in found.rows:
        assert given_to(ledger, due) == given_to(whole, due)


def given_to(ledger: Ledger, due: Due) -> dict[str, str]:
    return {name: value for name, value in ledger.held(due.record).items() if value is not None}


def crm_line(record: str, state: str, **values: str | None) -> dict[str, Any]:
    return {"system": "crm", "record": record, "state": state, "values": values}


def planned(company: Company, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """Records that are due, and files of the journal that were read for it."""
    read: list[str] = []
    records = company.journal.records

    def reading(topic: str, *, only: Any = None) -> Any:
        read.extend(sorted(company.journal.names(topic) if only is None else only))
        return records(topic, only=only)

    fields = {name: Field(name, name, "text") for name in COLUMNS}
    with monkeypatch.context() as patched:
        patched.setattr(publishers.plan, "promised_fields", lambda *_: fields)
        patched.setattr(publishers.plan, "served", company.served)
        patched.setattr(company.journal, "records", reading)
        ledger, creations = Ledger(company.journal, "crm"), Creations(company.journal, "crm")
        found = plan(company.places, MODULE, CRM, ledger, creations)
    return [row.record for row in found.rows], read


@pytest.fixture
def given_two(company: Company) -> list[Path]:
    """Two records as they should be; a build knows the first's file, and nobody the second's."""
    row = {**dict.fromkeys(COLUMNS), "city": "1"}
    lines = [[crm_line(record, "accepted", city="1")] for record in ("1", "2")]
    written = company.begin({"1": row, "2": row}, lines)
    company.comes(written[:1])
    company.build()
    company.comes(written[1:])
    return [company.journal.root / "sends" / file.name for file in written]


def test_only_files_that_the_build_does_not_know_are_read(
    company: Company, given_two: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned(company, monkeypatch) == ([], [given_two[1].name])
    company.build()
    assert planned(company, monkeypatch) == ([], [])


def test_a_journal_that_is_not_what_was_served_is_read_whole(
    company: Company, given_two: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup was put back: what it does not say was not given."""
    company.build()
    given_two[0].unlink()
    assert planned(company, monkeypatch) == (["1"], [given_two[1].name])
    company.connection.execute("delete from warehouse.ops.journal_files; delete from journal.sends")
    company.build()
    assert planned(company, monkeypatch) == (["1"], [])


def test_served_files_of_before_have_no_ledger(
    company: Company, given_two: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    company.connection.execute("drop schema served.ledger cascade")
    assert planned(company, monkeypatch) == ([], [file.name for file in given_two])


def test_a_line_has_the_moment_its_file_is_named_after(company: Company) -> None:
    """By that moment the lines of a file are found."""
    [file] = company.begin({}, [[crm_line("1", "intent", city="1")]])
    [found] = company.written.records("sends")
    moment = found["recorded_at"].replace("-", "").replace(":", "").removesuffix("Z")
    assert file.name.startswith(f"{moment}-")


def test_a_first_ledger_is_made_in_pieces(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse.ledger, "AT_ONCE", 2)
    lines = [crm_line(str(n), "accepted", city=str(n)) for n in range(7)]
    company.comes(company.begin({}, [lines]))
    company.build()
    column = warehouse.ledger.column(0)
    found = company.connection.execute(
        f"select record, {column} from served.ledger.entries order by record"
    ).fetchall()
    assert found == [(str(n), str(n)) for n in range(7)]
