"""Promises of a contract that show only in a load or in the whole table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contracts.expectations import BrokenGate
from tests.core.house import CUSTOMERS, House, write_contract


def promise(house: House, *changes: tuple[str, str], more: str = "") -> None:
    text = CUSTOMERS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    write_contract(house.folder / "made_up.odcs.yaml", text=text + more)


def rows(*numbers: int, **values: Any) -> list[dict[str, Any]]:
    return [{"no": str(n), "name": f"Ad {n}", "email": f"{n}@a.tr", **values} for n in numbers]


def column(house: House, name: str, quality: str) -> None:
    quality = quality.replace("{", "{{").replace("}", "}}")
    promise(house, (f"name: {name}, ", f"name: {name}, quality: [{quality}], "))


@pytest.mark.parametrize(
    ("name", "quality", "accepted"),
    [
        ("phone", "{metric: nullValues, mustBeLessOrEqualTo: 2}", True),
        ("phone", "{metric: nullValues, mustBeLessThan: 2}", False),
        ("phone", "{metric: nullValues, mustBeLessOrEqualTo: 50, unit: percent}", True),
        ("phone", "{metric: nullValues, mustBeLessThan: 50, unit: percent}", False),
        ("phone", "{metric: nullValues, mustBe: 50, unit: percent}", True),
        ("phone", "{metric: nullValues, mustBeBetween: [1, 2]}", True),
        ("phone", "{metric: nullValues, mustNotBeBetween: [1, 2]}", False),
        ("phone", "{metric: nullValues, mustNotBe: 0}", True),
        (
            "phone",
            "{metric: missingValues, mustBe: 3, arguments: {missingValues: ['', '1']}}",
            True,
        ),
        ("phone", "{metric: invalidValues, mustBeGreaterThan: 0, arguments: {pattern: '2'}}", True),
        ("phone", "{metric: invalidValues, mustNotBe: 1, arguments: {pattern: '2'}}", False),
        ("phone", "{metric: nullValues, mustBe: 9, severity: info}", True),
        ("phone", "{type: sql, query: 'select max(${property}) from ${object}', mustBe: 2}", True),
        ("phone", "{type: sql, query: 'select min({column}) from {table}', mustBe: 2}", False),
        ("phone", "{type: text, description: for people}", True),
        (
            "balance",
            "{type: custom, engine: greatExpectations, "
            "implementation: 'type: expect_column_max_to_be_between\\nkwargs: {max_value: 5}'}",
            True,
        ),
        (
            "balance",
            "{type: custom, engine: greatExpectations, "
            "implementation: {type: expect_column_max_to_be_between, kwargs: {max_value: 4}}}",
            False,
        ),
    ],
)
def test_load_rules_of_a_property(house: House, name: str, quality: str, accepted: bool) -> None:
    column(house, name, quality.replace("\\n", "\n\n          "))
    house.land(*rows(1, phone="1"), *rows(2, phone="2"), *rows(3, 4, balance=5))
    [verdict] = house.check()
    assert verdict.accepted is accepted, verdict.reason
    if not accepted:
        assert f"rule {name}." in str(verdict.reason)


@pytest.mark.parametrize(
    ("quality", "bad"),
    [
        ("{metric: nullValues, mustBe: 0}", ["3"]),
        ("{metric: missingValues, mustBe: 0, arguments: {missingValues: ['yok']}}", ["2"]),
        ("{metric: missingValues, mustBe: 0, arguments: {missingValues: [null, yok]}}", ["2", "3"]),
        ("{metric: missingValues, mustBe: 0}", ["3"]),
        ("{metric: invalidValues, mustBe: 0, arguments: {pattern: '^[0-9]+$'}}", ["2"]),
        (
            "{metric: invalidValues, mustBe: 0, "
            "arguments: {validValues: [yok, a1], pattern: '[0-9]'}}",
            ["1", "2"],
        ),
    ],
)
def test_a_metric_that_must_be_zero_puts_rows_aside(
    house: House, quality: str, bad: list[str]
) -> None:
    column(house, "phone", quality)
    house.land(
        *rows(1, phone="1"), *rows(2, phone="yok"), *rows(3), *rows(*range(4, 20), phone="1")
    )
    house.land(*rows(20, phone="a1"))
    house.check()
    house.load()
    found = [row[0] for row in house.sql("select key from quarantine.rows order by key")]
    assert [key for key in found if int(key) < 4] == bad


def test_an_expectation_that_cannot_be_run_is_a_broken_gate(house: House) -> None:
    column(
        house,
        "phone",
        "{type: custom, engine: greatExpectations, implementation: {type: expect_the_moon}}",
    )
    house.land(*rows(1))
    with pytest.raises(BrokenGate, match=r"made_up.odcs.yaml:\d+, table customers, property phone"):
        house.check()


def built(house: House) -> list[tuple[Any, ...]]:
    house.check()
    house.load()
    house.build()
    return house.sql(
        """select table_name, rule, severity, failed, keys from ops.contract_results
            where load_id = 'build' order by all"""
    )


def test_a_relationship_names_the_rows_that_refer_to_nothing(house: House) -> None:
    reference = "relationships: [{{to: customers.customer_key}}]"
    promise(
        house,
        ("{{name: customer_key, logicalType", f"{{{{name: customer_key, {reference}, logicalType"),
    )
    house.land(*rows(1), *rows(2))
    house.land(gone=("2",))
    house.land(
        *({"no": f"o{n}", "customer_key": key} for n, key in enumerate([1, 2, 3, None, 4])),
        table="orders",
    )
    assert built(house) == [("orders", "customer_key.customers", "error", 2, ["o2", "o4"])]
    house.land(*rows(3, 4))
    assert built(house) == [("orders", "customer_key.customers", "error", 0, [])]


def test_a_relationship_of_several_columns_is_held_together(house: House) -> None:
    promise(
        house,
        more="""    relationships:
      - {{from: [order_lines.order_id], to: [orders.order_id]}}
      - type: foreignKey
        from: [order_lines.line_id, order_lines.order_id]
        to: [orders.customer_key, /schema/orders/properties/order_id]
""",
    )
    house.land({"no": "1", "customer_key": "a"}, {"no": "2", "customer_key": "b"}, table="orders")
    house.land(
        *({"order_id": o, "line_id": li} for o, li in [("1", "a"), ("1", "b"), ("3", "a")]),
        table="order_lines",
        key=("order_id", "line_id"),
    )
    assert built(house) == [
        ("order_lines", "line_id+order_id.orders", "error", 2, ["1/b", "3/a"]),
        ("order_lines", "order_id.orders", "error", 1, ["3/a"]),
    ]


@pytest.mark.parametrize(
    ("quality", "failed"),
    [
        ("{metric: duplicateValues, mustBe: 0}", True),
        ("{metric: duplicateValues, mustBeLessThan: 3}", False),
        ("{metric: duplicateValues, mustBeLessOrEqualTo: 50, unit: percent}", False),
        ("{metric: duplicateValues, mustBeLessThan: 50, unit: percent, severity: warning}", True),
    ],
)
def test_duplicates_are_counted_over_all_loads(
    house: House, quality: str, failed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    column(house, "phone", quality)
    house.land(*rows(1, 2, phone="1"), *rows(5))
    house.land(*rows(3, phone="1"), *rows(4, phone="2"), *rows(6))
    severity = "warning" if "warning" in quality else "error"
    assert built(house) == [("customers", "phone.duplicateValues", severity, 2, ["1", "2", "3"])]
    assert ("duplicateValues does not hold over all loads (2 rows" in caplog.text) is failed


def test_values_of_several_columns_may_be_unique_together(house: House) -> None:
    together = "{metric: duplicateValues, mustBe: 0, arguments: {properties: [name, phone]}}"
    promise(house, ("quality: {quality}", f"quality: [{together}]".replace("{", "{{")
            .replace("}", "}}")))  # fmt: skip
    house.land(*rows(1, 2, 3, phone="1", name="A"), *rows(4, name="A"), *rows(5, name="A"))
    assert built(house) == [("customers", "customers.duplicateValues", "error", 2, ["1", "2", "3"])]


@pytest.mark.parametrize(("newest", "failed"), [("2026-11-19T12:00", 0), ("2026-11-19T11:59", 1)])
def test_freshness_is_counted_from_the_builds_moment(
    house: House, newest: str, failed: int
) -> None:
    promise(
        house,
        more="""slaProperties:
  - {{property: latency, value: 1, unit: d, element: customers.updated_at}}
  - {{property: retention, value: 7, unit: y}}
""",
    )
    house.land(*rows(1, updated_at=newest), *rows(2, updated_at="2020-01-01"))
    assert built(house) == [("customers", "updated_at.freshness", "error", failed, [])]


def test_a_table_that_was_not_wanted_is_not_referred_to(house: House) -> None:
    promise(
        house, more="    relationships: [{{from: order_lines.order_id, to: orders.order_id}}]\n"
    )
    house.land({"order_id": "1", "line_id": "1"}, table="order_lines", key=("order_id", "line_id"))
    assert [row[3] for row in built(house)] == [1]
    house.sql("delete from ops.contract_results")
    house.erp = replace(house.erp, settings={"only": ["order_lines"]})
    house.land({"order_id": "2", "line_id": "1"}, table="order_lines", key=("order_id", "line_id"))
    assert built(house) == []


MOMENTS = {
    "{timezone: true}": [True, False],
    "{timezone: false}": [False, True],
    "{timezone: false, defaultTimezone: Europe/Istanbul}": [False, True],
    "{defaultTimezone: Europe/Istanbul}": [True, True],
}


@pytest.mark.parametrize(("options", "read"), MOMENTS.items())
def test_zones_are_shown_as_promised(house: House, options: str, read: list[bool]) -> None:
    options = options.replace("{", "{{").replace("}", "}}")
    promise(house, ("name: updated_at, ", f"name: updated_at, logicalTypeOptions: {options}, "))
    cells = ["2026-11-01T10:00:00+02:00", "2026-11-01T10:00:00"]
    house.land(*(rows(n, updated_at=cell)[0] for n, cell in enumerate(cells)), *rows(7, 8, 9, 10))
    house.check()
    house.load()
    found = dict(house.sql("select _key, strftime(updated_at, '%H') from raw_canonical.customers"))
    assert [str(n) in found for n in range(2)] == read
    if read[0]:
        assert found["0"] == "08"
    if read[1]:
        assert found["1"] == ("07" if "Istanbul" in options else "10")
