"""Check: bad rows wait with their reasons, good ones go on, and a broken gate is no bad data."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import duckdb
import pytest

import warehouse.check
from contracts import ContractError
from contracts.expectations import BrokenGate, validate
from tests.core.house import House, counted


def rows(*numbers: int, **values: Any) -> list[dict[str, Any]]:
    return [{"no": str(n), "name": f"Ad {n}", "email": f"{n}@a.tr", **values} for n in numbers]


def state(house: House) -> list[tuple[Any, ...]]:
    return house.sql("select key, state, rules, reasons from quarantine.rows order by key")


def test_bad_rows_wait_with_reasons_and_good_ones_go_on(house: House) -> None:
    house.land(
        *rows(1, 2, 3, 4, 5, 6, 7),
        *rows(8, email="yok", name=None),
        *rows(9, balance="1.234", shoe_size="kırk"),
    )
    [verdict] = house.check()
    assert (verdict.accepted, verdict.rows, verdict.quarantined) == (True, 9, 2)
    assert house.load()["customers"].changed == 7
    assert [row[0] for row in house.raw()] == ["1", "2", "3", "4", "5", "6", "7"]
    first, second = state(house)
    assert first == ("8", "open", ["name.required", "email.pattern"], [])
    assert second == (
        *("9", "open", ["readable"]),
        [
            "balance.type: 1.234 is not a readable number",
            "shoe_size.type: kırk is not a readable integer",
        ],
    )
    assert house.sql("select row->>'balance' from quarantine.rows where key = '9'") == [("1.234",)]


def test_too_many_bad_rows_refuse_the_load_and_the_last_good_rows_stay(house: House) -> None:
    house.land(*rows(1, 2))
    house.check()
    house.load()
    house.land(*rows(1, 2, 3, name="yeni", email="kırık"), *rows(4))
    [verdict] = house.check()
    problem = str(verdict.problem)
    assert "3 of 4 rows break the contract, more than the 25% it allows" in problem
    assert "email.pattern broken 3 times, first keys 1, 2, 3" in problem
    assert "Mend the rows in the system or the rule in the contract" in problem
    assert house.load()["customers"].changed == 0
    assert house.raw() == [("1", "Ad 1", None), ("2", "Ad 2", None)]
    assert [row[:2] for row in state(house)] == [("1", "open"), ("2", "open"), ("3", "open")]


def test_a_mended_contract_accepts_the_refused_load_without_a_pull(house: House) -> None:
    house.land(*rows(1, 2, email="kırık"))
    assert not house.check()[0].accepted
    house.load()
    assert not house.check()[0].accepted
    house.promise(pattern="^.+$")
    assert house.check()[0].accepted
    assert house.load()["customers"].changed == 2
    assert [row[1] for row in state(house)] == ["cleared", "cleared"]
    assert house.check() == []
    assert house.load()["customers"].loads == 0


def test_a_mended_source_accepts_it_too_and_newer_rows_stay(house: House) -> None:
    house.land(*rows(1, 2, email="kırık"), *rows(3, name="eski"))
    house.check()
    house.load()
    house.land(*rows(1, 2), *rows(3, name="yeni"))
    verdicts = house.check()
    assert [verdict.accepted for verdict in verdicts] == [True, True]
    house.load()
    assert [row[1] for row in house.raw()] == ["Ad 1", "Ad 2", "yeni"]
    assert [row[1] for row in state(house)] == ["cleared", "cleared"]


def test_bad_rows_of_two_refused_loads_stay_out(house: House) -> None:
    """The older one is accepted, for all its rows were replaced; it must bring none of them."""
    house.land(*rows(1, 2, email="kırık"))
    house.check()
    house.land(*rows(1, 2, email="hâlâ kırık"))
    house.check()
    house.check()
    house.load()
    assert house.raw() == []


def test_a_refused_load_does_not_bring_back_what_was_deleted_since(house: House) -> None:
    house.land(*rows(1), *rows(2, 3, email="kırık"))
    house.check()
    house.land(*rows(2, 3), gone=("1",))
    house.check()
    house.load()
    assert [row[0] for row in house.raw() if row[2] is None] == ["2", "3"]


def test_an_older_value_that_came_back_is_not_undone_by_the_refused_one(house: House) -> None:
    house.land(*rows(1, name="A"))
    house.check()
    house.load()
    house.land(*rows(1, name="B"), *rows(2, 3, email="kırık"))
    house.check()
    house.load()
    house.land(*rows(1, name="A"))
    house.check()
    house.load()
    house.promise(pattern="^.+$")
    house.check()
    house.load()
    assert [row[1] for row in house.raw()] == ["A", "Ad 2", "Ad 3"]


def test_a_required_column_that_no_row_has_is_named(house: House) -> None:
    house.land({"no": "1", "Name": "A"}, {"no": "2", "Name": "B"})
    [verdict] = house.check()
    assert "no row has name, which the contract requires" in str(verdict.reason)
    assert "made_up.odcs.yaml" in str(verdict.reason)
    assert (verdict.missing, verdict.unknown) == (["name"], ["Name"])


def test_a_load_of_tombstones_alone_is_accepted(house: House) -> None:
    house.promise(quality="[{type: library, metric: rowCount, mustBeGreaterThan: 0}]")
    house.land(*rows(1))
    house.check()
    house.land(gone=("1",))
    [verdict] = house.check()
    assert (verdict.accepted, verdict.rows) == (True, 0)


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        ("{metric: rowCount, mustBe: 2}", True),
        ("{metric: rowCount, mustBeGreaterThan: 2}", False),
        ("{metric: rowCount, mustBeLessOrEqualTo: 2}", True),
        ("{metric: rowCount, mustBeGreaterThan: 2, severity: warning}", True),
        ("{type: sql, query: 'select max(balance) from ${object}', mustBe: 1234567.5}", True),
        ("{type: sql, query: 'select max(balance) from ${object}', mustBe: 1234570}", False),
        (
            "{type: sql, query: 'select count(*) from ${object} where name is null', mustBe: 0}",
            True,
        ),
        ("{type: sql, query: 'select avg(shoe_size) from ${object}', mustBeLessThan: 9}", False),
    ],
)
def test_load_rules(house: House, rule: str, accepted: bool) -> None:
    house.promise(quality=f"[{rule}]")
    house.land(*rows(1, balance="1234567.50"), *rows(2), gone=("7",))
    [verdict] = house.check()
    assert verdict.accepted is accepted, verdict.reason
    if not accepted:
        assert "customers." in str(verdict.reason)


def test_a_rule_that_cannot_be_evaluated_is_a_broken_gate(house: House) -> None:
    house.promise(pattern="(?=a)b")
    house.land(*rows(1))
    house.land({"no": "7", "total": "1"}, table="orders")
    with pytest.raises(BrokenGate, match=r"email\.pattern could not be evaluated.*nothing about"):
        house.check()
    house.load()
    assert house.sql("select order_id from raw_canonical.orders") == [("7",)]  # others go on
    house.promise()
    assert house.check()[0].accepted


def test_a_load_rule_that_cannot_be_evaluated_is_a_broken_gate(house: House) -> None:
    house.promise(quality="[{type: sql, query: 'select no_such from ${object}', mustBe: 0}]")
    house.land(*rows(1))
    with pytest.raises(BrokenGate, match=r"customers\.sql1 could not be evaluated"):
        house.check()


def test_too_little_memory_blames_no_rule(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = "select len(list(md5(range::varchar))) from range(3000000)"  # they do not spill
    house.promise(quality=f"[{{type: sql, query: '{lists}', mustBe: 0}}]")
    house.land(*rows(1))
    monkeypatch.setenv("KOPRU_MEMORY", "32MB")
    with pytest.raises(duckdb.OutOfMemoryException) as raised:
        house.check()
    assert "Set KOPRU_MEMORY" in raised.value.__notes__[0]
    monkeypatch.setenv("KOPRU_MEMORY", "1GB")
    assert "customers.sql1" in str(house.check()[0].reason)


def test_two_gates_that_count_differently_are_a_broken_gate(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_side(*args: Any, **options: Any) -> Any:
        return counted(args[0], [replace(rule, sql="true") for rule in args[1]])

    monkeypatch.setattr(warehouse.check, "validate", one_side)
    house.land(*rows(1, email="kırık"), *rows(2, 3, 4, 5))
    with pytest.raises(BrokenGate, match=r"email\.pattern: our pass counts 1 .* Expectations 0"):
        house.check()


def test_two_gates_that_name_different_rows_are_a_broken_gate(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others(*args: Any, **options: Any) -> Any:
        return [replace(result, keys=frozenset({"7"})) for result in counted(*args, **options)]

    monkeypatch.setattr(warehouse.check, "validate", others)
    house.land(*rows(1, email="kırık"), *rows(2, 3, 4, 5))
    with pytest.raises(BrokenGate, match=r"email\.pattern: our pass names the bad rows \['1'\]"):
        house.check()


def test_a_contract_that_does_not_fit_the_vocabulary_is_refused_before_any_row(
    house: House,
) -> None:
    path = house.folder / "made_up.odcs.yaml"
    written = path.read_text()
    house.land(*rows(1))
    for old, new, words in (
        ("name: balance, logicalType: number", "name: balance", "balance is number DECIMAL"),
        ("name: customers", "name: patrons", "Valid table names: customers, orders"),
        ("{name: line_id, logicalType", "{name: satir, logicalType", "elements have satir"),
    ):
        path.write_text(written.replace(old, new, 1))
        with pytest.raises(ContractError, match=words):
            house.check()
        with pytest.raises(ContractError, match=words):
            house.load()


def test_great_expectations_itself_counts_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With everything a pattern may hold: colons, braces, percent signs, quotes, backslashes."""
    monkeypatch.setattr(warehouse.check, "validate", validate)
    house.promise(pattern=r"^(?:[a-z]{1,3}|%s|a:b|it''s|\d:\d|\\:x|\{batch\})@[^@]+$")
    good = ["ab@c", "%s@c", "a:b@c", "it's@c", "1:2@c", "\\:x@c", "{batch}@c"]
    house.land(*(rows(n, email=email)[0] for n, email in enumerate(good)), *rows(99, email=":b"))
    [verdict] = house.check()
    pattern = next(result for result in verdict.results if result.rule == "email.pattern")
    assert (pattern.checked, pattern.failed, pattern.keys) == (8, 1, ["99"])
    docs = house.folder / "docs" / "erp" / "customers" / "index.html"
    assert docs.exists()
    written = json.loads(next(house.places.landing.rglob("*.checked.json")).read_text())
    assert written["quarantined"] == 1
