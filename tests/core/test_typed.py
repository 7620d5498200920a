"""Typing: every cell is what the document says, or it is reported; it never raises."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts import Column, Table
from contracts.reader import DEFAULT_SQL
from contracts.typed import typed_query
from warehouse import memory

CONNECTION = memory()
ISTANBUL = ZoneInfo("Europe/Istanbul")


def column(logical: str, type_: str = "", path: str = "v", **settings: Any) -> Column:
    options = {key: settings.pop(key) for key in ("format",) if key in settings}
    kind = type_ or DEFAULT_SQL.get(logical, "JSON")
    return Column("v", path, logical, kind, options=options, settings=settings)


def typed(of: Column, cells: Sequence[Any], path: str | None = None) -> list[tuple[Any, list[str]]]:
    """(value, reasons) of each cell, landed under the column's path."""
    return documents(of, [{path or of.path: cell} for cell in cells])


def documents(of: Column, rows: Sequence[Any]) -> list[tuple[Any, list[str]]]:
    documents = [orjson.dumps(row).decode() for row in rows]
    CONNECTION.execute(
        """create or replace temp table landed as select 'k' as _key, null::varchar as _cursor,
            'h' as _hash, unnest(?::varchar[]) as _row, null::varchar as _change, 'l' as _load_id
        """,
        [documents],
    )
    found = CONNECTION.execute(typed_query(Table("t", (of,)), "landed")).fetchall()
    return [(row[4], [reason["reason"] for reason in row[5]]) for row in found]


def value(of: Column, cell: Any) -> Any:
    [(found, reasons)] = typed(of, [cell])
    assert reasons == [], cell
    return found


def refused(of: Column, cell: Any) -> None:
    [(found, reasons)] = typed(of, [cell])
    assert len(reasons) == 1, (cell, found)
    assert f"is not a readable {of.logical}" in reasons[0]


KINDS = [
    column("string"),
    column("integer"),
    column("integer", decimalComma=True),
    column("number"),
    column("number", "DECIMAL(38,12)"),
    column("number", "DOUBLE"),
    column("number", decimalComma=True),
    column("boolean"),
    column("boolean", trueValues=["E"], falseValues=["H"]),
    column("date"),
    column("date", format="dd.MM.yyyy"),
    column("timestamp"),
    column("timestamp", timezone="Europe/Istanbul"),
    column("timestamp", format="epoch"),
    column("timestamp", format="dd.MM.yyyy HH:mm", timezone="Europe/Istanbul"),
    column("timestamp", format="yyyy-MM-dd'T'HH:mm:ssXXX"),
    column("time"),
    column("object"),
    column("array", "JSON"),
]
NASTY = st.sampled_from(
    [
        *(
            "nan",
            "inf",
            "-infinity",
            "1e999",
            "-1e-999",
            "epoch",
            "now",
            "today",
            "null",
            "{}",
            "[]",
        ),
        *("294247-01-10 04:00:54.775806", "290309-12-22 (BC) 00:00:00", "0000-00-00", "9" * 400),
        *("5881580-07-10", "9223372036854775807", "-9223372036854775808", "0.1" + "0" * 60 + "1"),
        *("1.234,56", "1_000", "0x1F", "१२३", "٣", "\x00", "'", '"', "\\", "[1,", '{"a":', "{,}"),
        *("10:00:00+03", "25:61", "24:00:00", "31.02.2026 10:00", "01.01.0000", "[{}]", "[[]]"),
    ]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FIGURES = st.text("0123456789.,+-eE:TZ /", max_size=28)
CELLS = st.one_of(NASTY, TEXT, FIGURES, st.decimals().map(str), st.datetimes().map(str))
LOCAL = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2040-01-01"))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), CELLS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


@pytest.mark.parametrize("of", KINDS, ids=lambda of: f"{of.logical}-{of.type}")
@settings(max_examples=12)
@example(cells=["\xa0"])
@given(cells=st.lists(JSON, min_size=1, max_size=25))
def test_no_cell_makes_typing_raise(of: Column, cells: list[Any]) -> None:
    for cell, (found, reasons) in zip(cells, typed(of, cells), strict=True):
        written = cell if isinstance(cell, str) else orjson.dumps(cell).decode()
        blank = all(category(letter) == "Zs" for letter in written)  # a no-break space is empty
        there = not blank and written != "null"
        assert len(reasons) <= 1
        if isinstance(cell, str) and there and cell != "null":
            assert (found is None) == bool(reasons), cell


@settings(max_examples=25)
@example(cells=["\xa0x", "x\u3000", " x", "x ", " ", "ş ", "\tx"])
@given(cells=st.lists(st.text("aşİ \t\xa0\u2003", max_size=6), min_size=1, max_size=30))
def test_a_text_loses_the_spaces_around_it(cells: list[str]) -> None:
    spaces = " \xa0\u2003\u3000"
    expected = [(cell.strip(spaces) or None, []) for cell in cells]
    assert typed(column("string"), cells) == expected


@settings(max_examples=20)
@example(cells=["1E-324", "1.5e-7", "1e5", "12.340"], scale=2)
@given(
    cells=st.lists(
        st.one_of(FIGURES, NASTY, st.decimals(allow_nan=False).map(str), st.floats().map(str)),
        min_size=1,
        max_size=40,
    ),
    scale=st.integers(0, 8),
)
def test_a_decimal_is_exact_or_reported(cells: list[str], scale: int) -> None:
    of = column("number", f"DECIMAL(20,{scale})")
    for cell, (found, reasons) in zip(cells, typed(of, cells), strict=True):
        if found is not None:
            assert found == Decimal(cell.strip()), cell
            assert reasons == []
        elif cell.strip(" "):
            assert len(reasons) == 1


@settings(max_examples=15)
@given(
    amounts=st.lists(
        st.decimals(-(10**12), 10**12, places=2, allow_nan=False), min_size=1, max_size=40
    )
)
def test_money_is_read_however_it_is_written(amounts: list[Decimal]) -> None:
    plain = [f"{amount:.2f}" for amount in amounts]
    turkish = [f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) for amount in amounts]
    short = [figure.replace(".", ",") for figure in plain]
    assert [v for v, _ in typed(column("number"), plain)] == amounts
    for written in (turkish, short):
        assert [v for v, _ in typed(column("number", decimalComma=True), written)] == amounts


@pytest.mark.parametrize("cell", ["1.234,56", "-1.234,56", "+1.234.567,00", "0,5", "12", "1.234"])
def test_decimal_commas(cell: str) -> None:
    plain = cell.replace(".", "").replace(",", ".")
    assert value(column("number", decimalComma=True), cell) == Decimal(plain)


@pytest.mark.parametrize("cell", ["12.34", "1.23.456,7", "1,234.56", "1.5", "1.2345", "1,2,3"])
def test_a_dot_that_does_not_group_thousands_is_reported(cell: str) -> None:
    """12.34 was read as 1234."""
    refused(column("number", decimalComma=True), cell)


def test_whole_numbers() -> None:
    of = column("integer")
    assert [value(of, cell) for cell in ("12", "12.0", "-7.000", "007", 5)] == [12, 12, -7, 7, 5]
    assert value(column("integer", decimalComma=True), "1.234,00") == 1234
    for cell in ("12.7", "1e3", "9223372036854775808", "twelve", "1 2"):
        refused(of, cell)
    refused(column("number", "INTEGER"), "12.7")


def test_a_double_is_a_number() -> None:
    of = column("number", "DOUBLE")
    assert math.isclose(value(of, "1e-3"), 0.001)
    for cell in ("nan", "inf", "1e999", "1_000"):
        refused(of, cell)


def test_booleans() -> None:
    of = column("boolean", trueValues=["E", "1"], falseValues=["H"])
    assert [value(of, cell) for cell in ("E", "1", "H")] == [True, True, False]
    refused(of, "evet")
    refused(column("boolean", trueValues=["E"]), "H")
    json = column("boolean", trueValues=[True, 1], falseValues=[False])
    assert [value(json, cell) for cell in (True, False, 1)] == [True, False, True]
    assert [value(column("boolean"), cell) for cell in (True, "false", 0)] == [True, False, False]


@pytest.mark.parametrize(
    ("format_", "cell", "expected"),
    [
        (None, "2026-02-28", date(2026, 2, 28)),
        ("dd.MM.yyyy", "28.02.2026", date(2026, 2, 28)),
        ("d.M.yyyy", "8.2.2026", date(2026, 2, 8)),
        ("dd/MM/yy", "28/02/26", date(2026, 2, 28)),
        ("yyyyMMdd", "20260228", date(2026, 2, 28)),
        ("yyyy'y'MM", "2026y02", date(2026, 2, 1)),
        ("dd.MM.yyyy", "31.02.2026", None),
        ("dd.MM.yyyy", "28.02.26", None),
        ("dd.MM.yyyy", "28.02.2026 10:00", None),
        ("dd.MM.yyyy", "01.01.0000", None),
        (None, "28.02.2026", None),
        (None, "infinity", None),
        (None, "0000-00-00", None),
        (None, "12026-01-01", None),
    ],
)
def test_dates(format_: str | None, cell: str, expected: date | None) -> None:
    of = column("date", **({"format": format_} if format_ else {}))
    if expected:
        assert value(of, cell) == expected
    else:
        refused(of, cell)


@pytest.mark.parametrize(
    ("settings_", "cell", "expected"),
    [
        ({}, "2026-07-01T10:00:00Z", "2026-07-01T10:00:00"),
        ({}, "2026-07-01T10:00:00+03:00", "2026-07-01T07:00:00"),
        ({}, "2026-07-01 10:00:00.25", "2026-07-01T10:00:00.250000"),
        ({"timezone": "Europe/Istanbul"}, "2026-07-01T10:00:00", "2026-07-01T07:00:00"),
        ({"timezone": "Europe/Istanbul"}, "2026-01-01T10:00:00", "2026-01-01T07:00:00"),
        ({"timezone": "Europe/Istanbul"}, "2015-01-01T10:00:00", "2015-01-01T08:00:00"),
        ({"timezone": "Europe/Istanbul"}, "2015-07-01T10:00:00", "2015-07-01T07:00:00"),
        # a label that lies: the zone of the contract holds
        ({"timezone": "Europe/Istanbul"}, "2026-07-01T10:00:00Z", "2026-07-01T07:00:00"),
        ({"timezone": "Europe/Istanbul"}, "2026-07-01 10:00:00-05", "2026-07-01T07:00:00"),
        ({"timezone": "Europe/Istanbul"}, "2026-07-01", "2026-06-30T21:00:00"),
        ({"format": "epoch"}, 1_700_000_000, "2023-11-14T22:13:20"),
        ({"format": "dd.MM.yyyy HH:mm"}, "01.07.2026 10:00", "2026-07-01T10:00:00"),
        (
            {"format": "yyyy-MM-dd'T'HH:mm:ssXXX"},
            "2026-07-01T10:00:00+03:00",
            "2026-07-01T07:00:00",
        ),
        ({}, "2026-07-01T25:00:00Z", None),
        ({}, "infinity", None),
        ({}, "epoch", None),
        ({}, "294247-01-10 04:00:54.775806", None),
        ({"timezone": "Europe/Istanbul"}, "294247-01-10 04:00:54.775806", None),
        ({"format": "epoch"}, "9223372036854775807", None),
        ({"format": "epoch"}, "1700000000.5", None),
    ],
)
def test_moments_are_utc(settings_: dict[str, str], cell: Any, expected: str | None) -> None:
    of = column("timestamp", **settings_)
    if expected:
        assert value(of, cell) == datetime.fromisoformat(expected)
    else:
        refused(of, cell)


@settings(max_examples=15)
@given(st.lists(LOCAL, min_size=1, max_size=30))
def test_local_time_is_what_python_says_it_is(moments: list[datetime]) -> None:
    """Hours a clock went through twice or never are anyone's guess: not compared."""
    moments = [moment.replace(microsecond=0) for moment in moments]
    clear = [m for m in moments if len({_utc(m, 0), _utc(m, 1)}) == 1]
    cells = [moment.isoformat() for moment in clear]
    found = typed(column("timestamp", timezone="Europe/Istanbul"), cells) if cells else []
    assert [moment for moment, _ in found] == [_utc(moment, 0) for moment in clear]


def _utc(moment: datetime, fold: int) -> datetime:
    local = moment.replace(tzinfo=ISTANBUL, fold=fold)
    return local.astimezone(UTC).replace(tzinfo=None)


def lines() -> Column:
    items = (
        Column("id", "line.id", "string", "VARCHAR"),
        Column("total", "total", "number", "DECIMAL(18,2)"),
    )
    return Column("v", "v", "array", 'STRUCT("id" VARCHAR, "total" DECIMAL(18,2))[]', items=items)


def test_arrays_of_elements() -> None:
    cell = [{"line": {"id": 7}, "total": "1.50"}, {"total": None}]
    expected = [{"id": "7", "total": Decimal("1.50")}, {"id": None, "total": None}]
    assert value(lines(), cell) == expected
    assert value(lines(), orjson.dumps(cell).decode()) == expected
    assert value(lines(), []) == []


@pytest.mark.parametrize(
    "cell",
    [[{"total": "1.5"}, {"total": "x"}], [{"total": "1.555"}], [1], ["x"], [None], [[1]], "x", {}],
)
def test_a_bad_element_is_reported(cell: Any) -> None:
    refused(lines(), cell)


def test_personal_cells_are_not_shown() -> None:
    of = Column("v", "v", "integer", "BIGINT", personal=True)
    assert typed(of, ["gizli"]) == [(None, ["(personal) is not a readable integer"])]
    inside = Column("p", "p", "integer", "BIGINT", personal=True)
    array = Column("v", "v", "array", 'STRUCT("p" BIGINT)[]', items=(inside,))
    assert "gizli" not in typed(array, [[{"p": "gizli"}]])[0][1][0]


def test_empty_is_absent_and_absent_is_the_default() -> None:
    of = column("string", default="TRY")
    assert [v for v, _ in documents(of, [{}, {"v": None}, {"v": "  "}, {"v": "EUR"}])] == [
        *("TRY", "TRY", "TRY", "EUR")
    ]
    assert documents(column("boolean", default=False), [{}]) == [(False, [])]
    assert documents(column("integer", default="x"), [{}])[0][1] == ["x is not a readable integer"]


PATHS = [
    'a"b',
    "it's",
    "Tel.",
    "1.234",
    "İçığ Şö",
    "a b",
    "$",
    "*",
    "a\\b",
    "a/b",
    "a~1b",
    "#",
    "0",
]


@pytest.mark.parametrize("path", PATHS)
def test_nasty_paths(path: str) -> None:
    of = column("string", path=path)
    assert documents(of, [{path: "q"}, {"other": 1}]) == [("q", []), (None, [])]
    name = Column(path, path, "string", "VARCHAR")
    found = CONNECTION.execute(typed_query(Table("t", (name,)), "landed"))
    assert [described[0] for described in found.description or []][4] == path


def test_dots_walk_in() -> None:
    of = column("string", path="billing.e mail")
    assert documents(of, [{"billing": {"e mail": "q"}}, {"billing": None}, {"billing": 7}]) == [
        *(("q", []), (None, []), (None, []))
    ]


def test_the_engine_is_asked_once_for_all_cells() -> None:
    query = typed_query(Table("t", (column("string"), column("number", path="w"))), "landed")
    assert len(re.findall("json_extract_string", query)) == 1
