"""Publish: only what changed, every row accounted for, nothing forgotten after a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import publishers.engine
from publishers import Due, Outcome
from publishers.engine import Published, publish
from publishers.ledger import Ledger
from systems import System
from tests.core.house import House
from warehouse import memory
from warehouse.journal import Journal

CRM = System("crm", "hubspot", publish=True)


class Tool:
    """A tool in memory. `answer` makes the outcomes of a batch; by default all are accepted."""

    MODEL, BATCH = "activation.made_up", 3

    def __init__(self, house: House) -> None:
        self.house = house
        self.holds: dict[str, dict[str, str | None]] = {}
        self.batches: list[list[Due]] = []
        self.answer: Callable[[list[Due]], list[Outcome]] = self.accept
        importing = SimpleNamespace(import_module=lambda name: self)
        house.monkeypatch.setattr(publishers.engine, "importlib", importing)
        self.connects = 0

    def connect(self, system: System) -> None:
        self.connects += 1

    def prepare(self, client: None, fields: Any) -> None:
        self.fields = fields

    def send(self, client: None, rows: list[Due]) -> list[Outcome]:
        self.batches.append(rows)
        return self.answer(rows)

    def accept(self, rows: list[Due]) -> list[Outcome]:
        for row in rows:
            self.holds.setdefault(row.record, {}).update(row.values)
        return [Outcome(row.record, "accepted", answer="ok") for row in rows[::-1]]

    def want(self, *rows: tuple[Any, ...]) -> Tool:
        """(record, customer_id, city, orders) of each record, served."""
        self.house.places.serving.mkdir(exist_ok=True)
        path = self.house.places.serving / "desk.duckdb"
        path.unlink(missing_ok=True)
        connection = memory()
        connection.execute(f"attach '{path}' as desk; create schema desk.activation")
        connection.execute(
            "create table desk.activation.made_up (system varchar, record varchar, "
            'customer_id varchar, city varchar, "order ""count""" bigint)'
        )
        for row in rows:
            connection.execute(
                "insert into desk.activation.made_up values ('crm', ?, ?, ?, ?)", list(row)
            )
        connection.execute("insert into desk.activation.made_up values ('other','x','c','y',1)")
        connection.close()
        return self

    def run(self, **options: bool) -> Published:
        self.batches = []
        done = publish(self.house.places, CRM, **options)
        if not done.dry_run:
            assert done.due == done.accepted + done.refused + done.waiting
            assert done.due == sum(len(batch) for batch in self.batches)
        return done

    @property
    def sent(self) -> dict[str, dict[str, str | None]]:
        return {row.record: dict(row.values) for batch in self.batches for row in batch}


@pytest.fixture
def tool(house: House) -> Tool:
    return Tool(house)


def states(house: House) -> list[str]:
    return [line["state"] for line in Journal(house.places.journal).records("sends")]


def test_only_changed_values_go_out_and_a_second_run_writes_nothing(tool: Tool) -> None:
    tool.want(("1", "c_1", "İzmir", 2), ("2", "c_2", None, None))
    done = tool.run()
    assert (done.due, done.values, done.accepted, done.problem) == (2, 4, 2, None)
    assert tool.sent["1"] == {"customer_id": "c_1", "city": "İzmir", 'order "count"': "2"}
    assert tool.sent["2"] == {"customer_id": "c_2"}  # null erases nothing we never wrote
    assert tool.fields['order "count"'].type == "integer"
    assert tool.run().due == 0
    assert tool.connects == 1
    tool.want(("1", "c_1", None, 2), ("2", "c_2", "Van", None)).run()
    assert tool.sent == {"1": {"city": None}, "2": {"city": "Van"}}
    assert tool.run().due == 0


def test_a_dry_run_sends_and_remembers_nothing(tool: Tool, house: House) -> None:
    tool.want(("1", "c_1", "İzmir", 2))
    assert (tool.run(dry_run=True).due, tool.batches, tool.connects) == (1, [], 0)
    assert states(house) == []
    assert tool.run().accepted == 1


def test_intents_stand_in_the_journal_before_anything_is_sent(tool: Tool, house: House) -> None:
    def dies(rows: list[Due]) -> list[Outcome]:
        if rows[0].record == "4":
            raise KeyboardInterrupt
        return tool.accept(rows)

    tool.answer = dies
    tool.want(*((str(n), f"c_{n}", "Van", n) for n in range(1, 6)))
    with pytest.raises(KeyboardInterrupt):
        tool.run()
    assert states(house) == ["intent"] * 3 + ["accepted"] * 3 + ["intent"] * 2
    tool.answer = tool.accept
    tool.run()
    assert sorted(tool.sent) == ["4", "5"]


@pytest.mark.parametrize("how", ["crash", "retry", "forgotten"])
def test_what_may_have_arrived_is_set_back_when_it_is_no_longer_wanted(
    tool: Tool, how: str
) -> None:
    """The tool may hold B; that we last heard of A does not make A stand there."""
    tool.want(("1", "c_1", "A", None)).run()

    def loses(rows: list[Due]) -> list[Outcome]:
        tool.accept(rows)
        if how == "crash":
            raise KeyboardInterrupt
        return [Outcome("1", "retry", "timed out")] if how == "retry" else []

    tool.answer = loses
    tool.want(("1", "c_1", "B", 7))
    if how == "crash":
        with pytest.raises(KeyboardInterrupt):
            tool.run()
    else:
        assert tool.run().waiting == 1
    tool.answer = tool.accept
    tool.want(("1", "c_1", "A", None)).run()
    assert tool.holds["1"] == {"customer_id": "c_1", "city": "A", 'order "count"': None}
    assert tool.run().due == 0


def test_a_refused_row_is_named_and_left_alone_until_it_changes(tool: Tool) -> None:
    def refuses(rows: list[Due]) -> list[Outcome]:
        bad = [Outcome(row.record, "refused", "no such city") for row in rows if row.record == "1"]
        return bad + tool.accept([row for row in rows if row.record != "1"])

    tool.answer = refuses
    tool.want(("1", "c_1", "Yok", 1), ("2", "c_2", "Van", 1))
    done = tool.run()
    assert (done.accepted, done.refused) == (1, 1)
    assert "1 of 2 rows were refused, more than 5%: record 1: no such city" in str(done.problem)
    done = tool.run()
    assert (done.due, done.skipped, done.problem) == (0, 1, None)
    assert tool.run(retry_refused=True).refused == 1
    tool.want(("1", "c_1", "Rize", 1), ("2", "c_2", "Van", 1))
    tool.answer = tool.accept
    assert (tool.run().accepted, tool.run().due) == (1, 0)


def test_up_to_five_in_a_hundred_refusals_are_no_alarm(tool: Tool) -> None:
    def refuses(rows: list[Due]) -> list[Outcome]:
        return [
            Outcome(row.record, "refused" if row.record in bad else "accepted", "no")
            for row in rows
        ]

    tool.answer = refuses
    tool.want(*((f"{n:02}", "c", "x", n) for n in range(40)))
    bad = {"01", "02"}
    done = tool.run()
    assert (done.refused, done.problem) == (2, None)
    assert done.refusals == ["record 01: no", "record 02: no"]
    tool.want(*((f"{n:02}", "c", "y", n) for n in range(40)))
    bad = {"01", "02", "03"}
    assert "3 of 40" in str(tool.run().problem)


def test_rows_the_answer_does_not_name_count_as_waiting(tool: Tool) -> None:
    tool.answer = lambda rows: [Outcome("stranger", "accepted")]
    tool.want(("1", "c_1", "Van", 1))
    done = tool.run()
    assert done.waiting == 1
    assert "1 of 1 rows may or may not have arrived" in str(done.problem)
    assert "the tool's answer does not name it" in str(done.problem)
    tool.answer = tool.accept
    assert tool.run().accepted == 1


def test_nothing_served_yet_says_so(tool: Tool) -> None:
    with pytest.raises(FileNotFoundError, match="Run the build first"):
        tool.run()


def test_the_ledger_knows_what_stood_there_before(house: House) -> None:
    journal = Journal(house.places.journal)
    ledger = Ledger(journal, "crm")
    for city in ("Van", "Rize"):
        row = Due("1", "c_1", {"city": city})
        ledger.intend("run", [row])
        ledger.record("run", {"1": row}, [Outcome("1", "accepted", answer="42")])
    lines = list(journal.records("sends"))
    assert [line["before"] for line in lines] == [
        *({"city": None}, {"city": None}, {"city": "Van"}, {"city": "Van"})
    ]
    assert lines[-1]["answer"] == "42"
    assert Ledger(journal, "crm").due("1", "c_1", {"city": "Rize"}) is None
    assert Ledger(journal, "other").due("1", "c_1", {"city": "Rize"})
    json.dumps(lines)
