"""Landed documents become typed columns: what is read, and what is said about the rest."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from contracts.reader import Column, Table
from contracts.typed import typed_query
from warehouse import memory

KEY = Column("id", "id", "string", "VARCHAR", key_position=1)


def typed(columns: list[Column], *rows: dict[str, Any]) -> list[dict[str, Any]]:
    table = Table("things", (KEY, *columns))
    landed = [{"id": str(number), **row} for number, row in enumerate(rows)]
    documents = pa.table({"_key": [row["id"] for row in landed], "_row": map_json(landed)})
    connection = memory()
    connection.register("documents", documents)
    connection.execute(
        """create table landed as
            select _key, null as _cursor, 'h' as _hash, _row, null as _change, '1' as _load_id
            from documents"""
    )
    found = connection.execute(f"{typed_query(table, 'landed')} order by _key")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def map_json(rows: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(row) for row in rows]


def number(type_: str, value: Any) -> Any:
    [row] = typed([Column("amount", "amount", "number", type_)], {"amount": value})
    assert bool(row["_unreadable"]) == (row["amount"] is None)
    return row["amount"]


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("DECIMAL(18,2)", "12.50", "12.50"),
        ("DECIMAL(18,2)", "12.5000", "12.50"),
        ("DECIMAL(18,2)", "-.5", "-0.50"),
        ("DECIMAL(18,2)", "1.25e1", "12.50"),
        ("DECIMAL(18,2)", 3, "3.00"),
        ("DECIMAL(9)", "7.0", "7"),
        ("DECIMAL", "7.125", "7.125"),
        ("DECIMAL(38,12)", "0.000000000001", "0.000000000001"),
    ],
)
def test_a_number_that_fits_is_read(type_: str, value: Any, expected: str) -> None:
    assert number(type_, value) == Decimal(expected)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("DECIMAL(18,2)", "12.505"),
        ("DECIMAL(18,2)", "12.5001"),
        ("DECIMAL(18,2)", "1e-3"),
        ("DECIMAL(9)", "7.1"),
        ("DECIMAL", "7.1255"),
        ("DECIMAL(18,2)", "1" * 20),
        ("DECIMAL(18,2)", "1,50"),
        ("DECIMAL(18,2)", "."),
        ("DECIMAL(18,2)", "twelve"),
    ],
)
def test_a_number_that_would_be_rounded_or_is_none_is_a_reason(type_: str, value: str) -> None:
    assert number(type_, value) is None


LINES = Column(
    "lines",
    "lines",
    "array",
    "",
    items=(
        Column("sku", "sku", "string", "VARCHAR"),
        Column("total", "total", "number", "DECIMAL(18,2)"),
        Column("price", "price.amount.value", "number", "DECIMAL(18,2)"),
        Column("unit", "price.amount.unit", "string", "VARCHAR"),
        Column("whole", "price", "string", "VARCHAR"),
    ),
)


def lines(value: Any) -> tuple[Any, list[dict[str, str]]]:
    [row] = typed([LINES], {"lines": value})
    return row["lines"], row["_unreadable"]


def test_elements_are_read_however_deep_their_values_are() -> None:
    found, reasons = lines(
        [
            {"sku": 7, "total": "1.50", "price": {"amount": {"value": 2, "unit": " TRY "}}},
            {"sku": "", "price": "free"},
        ]
    )
    empty = dict.fromkeys(("sku", "total", "price", "unit", "whole"))
    assert reasons == []
    assert found == [
        {
            "sku": "7",
            "total": Decimal("1.50"),
            "price": Decimal(2),
            "unit": "TRY",
            "whole": '{"amount":{"value":2,"unit":" TRY "}}',
        },
        {**empty, "whole": "free"},
    ]


@pytest.mark.parametrize("element", [None, "no element", 5, []])
def test_an_element_that_is_no_object_is_a_reason(element: Any) -> None:
    found, reasons = lines([{"sku": "7"}, element])
    assert found[0]["sku"] == "7"
    assert [reason["rule"] for reason in reasons] == ["lines.type"]


def test_a_bad_value_in_any_element_is_a_reason() -> None:
    found, reasons = lines([{"total": "1.50"}, {"total": "1.505"}])
    assert [line["total"] for line in found] == [Decimal("1.50"), None]
    assert [reason["rule"] for reason in reasons] == ["lines.type"]


@pytest.mark.parametrize("value", ["abc", {"sku": 1}, 5, "[1"])
def test_what_is_no_list_is_a_reason(value: Any) -> None:
    found, reasons = lines(value)
    assert found is None
    assert [reason["rule"] for reason in reasons] == ["lines.type"]


def test_what_is_not_there_is_no_reason() -> None:
    assert lines(None) == (None, [])
    assert lines([]) == ([], [])


def test_a_table_of_texts_only_has_no_reasons() -> None:
    [row] = typed([Column("name", "name", "string", "VARCHAR")], {"name": " Ayşe "})
    assert (row["name"], row["_unreadable"]) == ("Ayşe", [])
    assert not {name for name in row if name.startswith("_")} - {
        *("_key", "_hash", "_load_id", "_change", "_unreadable")
    }


def test_a_reason_never_repeats_personal_data() -> None:
    born = Column("born", "born", "date", "DATE", personal=True)
    [row] = typed([born], {"born": "1.1.70, Ayşe"})
    assert "Ayşe" not in row["_unreadable"][0]["reason"]
