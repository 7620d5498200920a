"""Publish: only what changed, every row accounted for, nothing forgotten after a crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import publishers.engine
import publishers.plan
import publishers.restore
from publishers import Due, Field, Outcome
from publishers.engine import publish
from publishers.ledger import Ledger
from publishers.published import Published
from publishers.restore import restore
from systems import System
from tests.core.house import House
from tests.core.test_build import order
from tests.core.test_check import rows
from warehouse import memory, opened
from warehouse.build import prepare
from warehouse.journal import Journal
from warehouse.journaled import merge_journal
from warehouse.overrides import overrule
from warehouse.published import say_published

CRM = System("crm", "hubspot", publish=True)


class Tool:
    """A tool in memory. `answer` makes the outcomes of a batch; by default all are accepted."""

    MODEL, BATCH = "activation.made_up", 3

    def __init__(self, house: House) -> None:
        self.house = house
        self.missing: set[str] = set()
        self.holds: dict[str, dict[str, str | None]] = {}
        self.given_batches: list[list[Due]] = []
        self.answer: Callable[[list[Due]], list[Outcome]] = self.accept
        importing = SimpleNamespace(import_module=lambda name: self)
        for module in (publishers.engine, publishers.restore):
            house.monkeypatch.setattr(module, "importlib", importing)
        house.monkeypatch.setattr(publishers.plan, "_promised", lambda table: self.promised)
        self.connects = self.reads = 0
        self.promised = {"city": {"clearable": True}, 'order "count"': {"clearable": True}}

    def read(
        self, client: None, records: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        self.reads += 1
        held = {r: self.holds.get(r, {}) for r in records if r not in self.missing}
        return {record: {name: held[record].get(name) for name in names} for record in held}

    def calls(self, rows: Sequence[Due]) -> int:
        return -(-len(rows) // self.BATCH)

    def connect(self, system: System) -> None:
        self.connects += 1

    def prepare(self, client: None, fields: Any) -> None:
        self.fields = fields

    def send(self, client: None, rows: list[Due]) -> list[Outcome]:
        self.given_batches.append(rows)
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

    def run(self, **options: Any) -> Published:
        self.given_batches = []
        done = publish(self.house.places, CRM, **{"approved_by": "oya", **options})
        if not done.dry_run and not done.asks:
            sent = done.accepted + done.refused + done.waiting
            assert done.due == sent + done.found + done.kept
            assert sent == sum(len(batch) for batch in self.given_batches)
        return done

    @property
    def sent(self) -> dict[str, dict[str, str | None]]:
        return {row.record: dict(row.values) for batch in self.given_batches for row in batch}


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
    assert (tool.run(dry_run=True).due, tool.given_batches, tool.connects) == (1, [], 0)
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
    assert "of 1 of 1 rows nobody knows whether they arrived" in str(done.problem)
    assert "the tool's answer does not name it" in str(done.problem)
    tool.answer = tool.accept
    assert tool.run().accepted == 1


def test_nothing_served_yet_says_so(tool: Tool) -> None:
    with pytest.raises(FileNotFoundError, match="Run the build first"):
        tool.run()


PROMISED = publishers.plan._promised
FIELDS = {"city": Field("city", "City", "text")}


def test_the_ledger_knows_what_stood_there_before(house: House) -> None:
    journal = Journal(house.places.journal)
    ledger = Ledger(journal, "crm")
    for city in ("Van", "Rize"):
        row = Due("1", "c_1", {"city": city})
        ledger.intend("run", [row], {})
        ledger.record("run", [(row, Outcome("1", "accepted", answer="42"))], {})
    lines = list(journal.records("sends"))
    assert [line["before"] for line in lines] == [
        *({"city": None}, {"city": None}, {"city": "Van"}, {"city": "Van"})
    ]
    assert lines[-1]["answer"] == "42"
    assert Ledger(journal, "crm").due("1", "c_1", {"city": "Rize"}, FIELDS) is None
    assert Ledger(journal, "other").due("1", "c_1", {"city": "Rize"}, FIELDS)
    json.dumps(lines)


def test_what_arrived_before_a_crash_is_seen_and_not_sent_again(tool: Tool) -> None:
    def dies(rows: list[Due]) -> list[Outcome]:
        tool.accept(rows[:1])
        raise KeyboardInterrupt

    tool.answer = dies
    tool.want(("1", "c_1", "Van", 1), ("2", "c_2", "Rize", 1))
    with pytest.raises(KeyboardInterrupt):
        tool.run()
    tool.answer = tool.accept
    done = tool.run()
    assert (done.due, done.found, done.accepted) == (2, 1, 1)
    assert sorted(tool.sent) == ["2"]
    assert tool.run().due == 0


@pytest.mark.parametrize(
    ("ownership", "stays", "states_"),
    [("ours", "Muş", "accepted"), ("newest", "Bursa", "kept"), ("if_empty", "Bursa", "kept")],
)
def test_an_edit_in_the_tool_is_decided_by_whose_the_field_is(
    tool: Tool, house: House, ownership: str, stays: str, states_: str
) -> None:
    tool.promised["city"] = {"ownership": ownership}
    tool.want(("1", "c_1", "Van", 1)).run()
    assert tool.holds["1"]["city"] == "Van"
    tool.holds["1"]["city"] = "Bursa"
    tool.want(("1", "c_1", "Muş", 1))
    done = tool.run()
    assert tool.holds["1"]["city"] == stays
    assert (done.due, getattr(done, states_)) == (1, 1)
    assert tool.run().due == 0
    [*_, last] = Journal(house.places.journal).records("sends")
    assert (last["state"], last["before"]) == (states_, {"city": "Bursa"})


def test_newest_takes_ours_while_nobody_edits(tool: Tool) -> None:
    tool.promised["city"] = {"ownership": "newest"}
    for city in ("Van", "Muş"):
        tool.want(("1", "c_1", city, 1)).run()
    assert tool.holds["1"]["city"] == "Muş"


def test_theirs_is_never_written_and_null_erases_only_what_says_so(tool: Tool) -> None:
    tool.promised = {"city": {"ownership": "theirs"}}
    tool.want(("1", "c_1", "Van", 1)).run()
    assert "city" not in tool.holds["1"]
    tool.want(("1", "c_1", "Van", None))
    assert tool.run().due == 0
    assert tool.holds["1"]['order "count"'] == "1"


def test_a_tool_that_cannot_be_asked_takes_no_policy_that_depends_on_it(tool: Tool) -> None:
    tool.read = None  # type: ignore[assignment,method-assign]
    tool.want(("1", "c_1", "Van", 1))
    assert tool.run().accepted == 1
    tool.promised["city"] = {"ownership": "newest"}
    with pytest.raises(ValueError, match="city of activation.made_up .* cannot be asked"):
        tool.run()


def test_the_first_run_ever_waits_for_a_person(tool: Tool, house: House) -> None:
    tool.want(("1", "c_1", "Van", 1))
    done = tool.run(approved_by="")
    assert done.asks == "nothing was ever written to it before"
    assert (tool.connects, states(house)) == (0, [])
    assert "| 1 | city |  | Van |" in done.preview
    assert "1 of 1 records would be updated, 3 values" in done.preview
    assert tool.run().accepted == 1
    [run] = Journal(house.places.journal).records("publish_runs")
    assert (run["approved_by"], run["due"], run["accepted"]) == ("oya", 1, 1)
    assert tool.want(("1", "c_1", "Muş", 1)).run(approved_by="").accepted == 1


def test_more_changes_than_usual_wait_for_a_person(tool: Tool) -> None:
    def rows(changed: int, cleared: int) -> Tool:
        cities = ["Van"] * (100 - changed - cleared) + ["Muş"] * changed + [None] * cleared
        return tool.want(*((f"{n:03}", "c", city, 1) for n, city in enumerate(cities)))

    rows(0, 0).run()
    assert rows(20, 0).run(approved_by="").accepted == 20
    rows(0, 0).run()
    assert "21.0% of its 100 records would be changed" in rows(21, 0).run(approved_by="").asks
    asked = rows(0, 2).run(approved_by="")
    assert "2.0% of its 100 records would be cleared, more than 1%" in asked.asks
    loose = replace(CRM, settings={"surprise": {"cleared": 0.5}})
    assert publish(tool.house.places, loose).accepted == 2


@pytest.mark.parametrize("surprise", [{"changed": "20%"}, {"emptied": 0.1}, {"cleared": 2}, 0.5])
def test_bounds_that_are_none_are_named(tool: Tool, surprise: Any) -> None:
    tool.want(("1", "c_1", "Van", 1))
    wrong = replace(CRM, settings={"surprise": surprise})
    with pytest.raises(ValueError, match=r"\[crm\], surprise: .* each a share from 0 to 1"):
        publish(tool.house.places, wrong)


def test_personal_values_are_in_no_preview(tool: Tool) -> None:
    tool.promised["city"] = {"personal": True}
    tool.want(("1", "c_1", "Van", 1))
    preview = tool.run(approved_by="").preview
    assert "Van" not in preview
    assert "| 1 | city |  | (personal) |" in preview


def test_what_a_run_wrote_is_put_back_and_stays_so(tool: Tool, house: House) -> None:
    tool.want(("1", "c_1", "Van", 1), ("2", "c_2", "Van", 2)).run()
    tool.want(("1", "c_1", "Muş", 3), ("2", "c_2", "Muş", 2)).run()
    tool.holds["2"]["city"] = "Bursa"  # somebody edits it
    bad = [*Journal(house.places.journal).records("publish_runs")][-1]["run"]
    options: dict[str, Any] = {"by": "oya", "why": "wrong"}
    looked = restore(house.places, CRM, bad, **options, apply=False)
    assert (looked.due, looked.accepted, tool.holds["1"]["city"]) == (2, 0, "Muş")
    done = restore(house.places, CRM, bad, **options, apply=True)
    assert (done.due, done.accepted, done.kept) == (2, 1, 1)
    assert tool.holds["1"] == {"customer_id": "c_1", "city": "Van", 'order "count"': "1"}
    assert tool.holds["2"]["city"] == "Bursa"
    assert tool.run().due == 0  # ours is the same as what was put back
    tool.want(("1", "c_1", "Rize", 3), ("2", "c_2", "Muş", 2)).run()
    assert tool.holds["1"]["city"] == "Rize"
    assert tool.holds["1"]['order "count"'] == "1"
    with pytest.raises(ValueError, match="No run 'x' wrote to crm. The last that did: 2"):
        restore(house.places, CRM, "x", **options, apply=True)


def test_runs_and_rows_stand_in_tables(tool: Tool, house: House) -> None:
    def some(rows: list[Due]) -> list[Outcome]:
        tool.accept([row for row in rows if row.record == "1"])
        said = {"1": "accepted", "2": "refused", "3": "retry"}
        return [Outcome(row.record, said[row.record], "words") for row in rows]  # type: ignore[arg-type]

    tool.promised["city"] = {"ownership": "newest"}
    tool.holds["4"] = {"city": "Bursa", "customer_id": "c_4", 'order "count"': "1"}
    tool.holds["5"] = {"city": "Van", "customer_id": "c_5", 'order "count"': "1"}
    tool.answer = some
    tool.want(*((str(n), f"c_{n}", "Van", 1) for n in range(1, 6))).run()
    with opened(house.places) as connection:
        prepare(connection, [CRM])
        merge_journal(connection, Journal(house.places.journal))
        say_published(connection)
        rows = connection.execute(
            "select record, state, written from ops.publish_rows order by record"
        ).fetchall()
        [run] = connection.execute(
            "select due, accepted, found, kept, refused, waiting, approved_by from ops.publish_runs"
        ).fetchall()
    assert rows == [
        *(("1", "accepted", 3), ("2", "refused", 0), ("3", "waiting", 0)),
        *(("4", "kept", 2), ("5", "found", 3)),
    ]
    assert run == (5, 1, 1, 1, 1, 1, "oya")


def test_splits_and_merges_are_followed(house: House) -> None:
    tool = Tool(house)
    tool.MODEL = "activation.soap_customers"
    house.monkeypatch.setattr(publishers.plan, "_promised", PROMISED)
    person = {"name": "Ayşe Yılmaz", "email": "ayse@posta.example"}
    house.land(*rows(1, **person, phone="0532 111 22 33"), *rows(2, **person))
    house.land(order(1, 1), order(2, 2), order(3, 2), table="orders")
    house.check()
    house.load()

    def published() -> dict[str, tuple[Any, ...]]:
        house.build()
        assert publish(house.places, house.erp, approved_by="oya").problem is None
        held = {r: (tool.holds[r]["order_count"], tool.holds[r].get("phone")) for r in "12"}
        assert (tool.holds["1"]["customer_id"] == tool.holds["2"]["customer_id"]) == (
            held["1"] == held["2"]
        )
        return held

    def say(decision: str) -> None:
        records = ("erp/customers/1", "erp/customers/2")
        overrule(house.places, *records, decision, "oya", "I know them")

    both = ("3", "0532 111 22 33")
    assert published() == {"1": both, "2": both}
    say("not_same")
    assert published() == {"1": ("1", "0532 111 22 33"), "2": ("2", None)}
    say("withdrawn")
    assert published() == {"1": both, "2": both}
