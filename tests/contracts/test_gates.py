"""For any rows and any row rules, Great Expectations names the rows that our pass quarantines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from contracts import Column, Table
from contracts.expectations import LISTED, BrokenGate, expect, validate
from contracts.rule import Expectation, Rule
from contracts.rules import row_rules
from contracts.typed import typed_query
from warehouse import memory

KEY = Column("id", "id", "string", "VARCHAR", key_position=1, required=True)
TEXTS = st.sampled_from(["", " ", "a", "ab", "x:y", "it's", "{batch}", "%s", "é", "n/a", "a@b.tr"])
NUMBERS = st.one_of(
    st.decimals(-100, 100, places=4).map(str), st.integers(-300, 300), st.just("yok"), st.just("0")
)
MOMENTS = st.sampled_from(
    ["2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2025-12-31T23:30:00-01:00", "1999-01-01", "x"]
)
LISTS = st.lists(st.sampled_from([None, 1, 2, "1", {"a": 1}]), max_size=4)
OBJECTS = st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(0, 2))
LIMITS = st.decimals(-50, 50, places=3).map(float)


def options(**kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=kinds)


RANGE = {
    name: LIMITS for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
} | {"multipleOf": st.sampled_from([0.05, 0.1, 2, 2.5, 1e-05])}
DAYS = st.sampled_from(["2026-01-01T00:00:00Z", "2025-06-30"])
SIZES = st.integers(0, 3)
KINDS: dict[str, tuple[str, st.SearchStrategy[Any], st.SearchStrategy[dict[str, Any]]]] = {
    "string": (
        "VARCHAR",
        TEXTS,
        options(
            pattern=st.sampled_from(["^(?:a|b)+$", r"^(?:x:y|\{batch\}|%s|it's)$"]),
            minLength=SIZES,
            maxLength=SIZES,
            format=st.sampled_from(["email", "uri", "ipv6", "uuid", "date-time"]),
        ),
    ),
    "integer": ("BIGINT", NUMBERS, options(**RANGE, format=st.sampled_from(["i8", "u16"]))),
    "number": ("DECIMAL(18,4)", NUMBERS, options(**RANGE)),
    "timestamp": (
        "TIMESTAMP",
        MOMENTS,
        options(minimum=DAYS, exclusiveMaximum=DAYS, timezone=st.booleans()),
    ),
    "array": (
        "JSON",
        LISTS,
        options(minItems=SIZES, maxItems=SIZES, uniqueItems=st.just(True)),
    ),
    "object": (
        "JSON",
        OBJECTS,
        options(minProperties=SIZES, maxProperties=SIZES, required=st.just(["a", "b"])),
    ),
}
QUALITY = {
    "string": [
        {"metric": "nullValues", "mustBe": 0},
        {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [None, "n/a"]}},
        {"metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": ["n/a"]}},
        {
            "metric": "invalidValues",
            "mustBe": 0,
            "severity": "warning",
            "arguments": {"validValues": ["a", "x:y", "it's"], "pattern": "^(?:x:y|a|its)$"},
        },
    ],
    "integer": [{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, 2]}}],
    "number": [{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [0.1, "2"]}}],
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, list[dict[str, Any]]]:
    """One column of each kind, with any of its rules, and rows with any cells."""
    columns, cells = [KEY], {}
    for logical, (type_, values, given_options) in KINDS.items():
        entries = st.lists(st.sampled_from(QUALITY.get(logical, [{}])), max_size=2)
        columns.append(
            Column(
                logical,
                logical,
                logical,
                type_,
                required=draw(st.booleans()),
                options=draw(given_options),
                quality=tuple(draw(entries) if logical in QUALITY else ()),
            )
        )
        cells[logical] = st.none() | values
    rows = draw(st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=30))
    # Past what Great Expectations lists, now and then.
    rows *= draw(st.sampled_from([1, 1, 1, 20]))
    return Table("things", tuple(columns)), [{"id": f"{n:05}", **r} for n, r in enumerate(rows)]


def typed_file(folder: Path, table: Table, rows: Sequence[dict[str, Any]]) -> str:
    """The query of the typed rows in a file, as check gives it to Great Expectations."""
    connection = memory()
    documents = pa.table(
        {"_key": [row["id"] for row in rows], "_row": [json.dumps(row) for row in rows]}
    )
    connection.register("documents", documents)
    connection.execute(
        """create table landed as
            select _key, null as _cursor, 'h' as _hash, _row, null as _change, '1' as _load_id
            from documents"""
    )
    path = folder / "typed.parquet"
    connection.execute(f"copy ({typed_query(table, 'landed')}) to '{path}' (format parquet)")
    return f"select * from read_parquet('{path}')"


def failing(query: str, rule: Rule) -> set[str]:
    found = memory().execute(
        f"select _key from ({query}) where not coalesce(({rule.sql}), false) order by _key"
    )
    return {key for (key,) in found.fetchall()}


ALL_RULES = {
    "string": {"pattern": "^(?:x:y|it's|a)$", "minLength": 2, "maxLength": 3, "format": "email"},
    "integer": {"minimum": -1, "exclusiveMaximum": 7.5, "multipleOf": 2, "format": "i8"},
    "number": {"maximum": 0.1, "exclusiveMinimum": -3, "multipleOf": 0.05},
    "timestamp": {"minimum": "2025-06-30", "exclusiveMaximum": "2026-01-01", "timezone": True},
    "array": {"minItems": 1, "maxItems": 2, "uniqueItems": True},
    "object": {"minProperties": 1, "maxProperties": 1, "required": ["a"]},
}
EVERYTHING = Table(
    "things",
    (
        KEY,
        *(
            Column(
                *(logical, logical, logical, KINDS[logical][0]),
                required=True,
                options=options,
                quality=tuple(QUALITY.get(logical, ())),
            )
            for logical, options in ALL_RULES.items()
        ),
    ),
)
CELLS: dict[str, list[Any]] = {
    "string": ["x:y", "it's", "a", "n/a", "a@b.tr", "", None],
    "integer": [1, 2, "2", 300, "yok", None, -2],
    "number": ["0.1", "0.05", "0.12", "0.0001", "2", None, "1e-3"],
    "timestamp": ["2025-12-31T23:30:00-01:00", "2026-01-01T00:00:00Z", "1999-01-01", "x", None],
    "array": [[], [1], [1, 1], [1, "1"], [None, None, 1], None, {"a": 1}],
    "object": [{}, {"a": None}, {"b": 1}, {"a": 1, "b": 2}, None],
}
ROWS = [
    {"id": f"{n:05}", **{name: cells[n % len(cells)] for name, cells in CELLS.items()}}
    for n in range(35)
]


@settings(
    # Each example is a whole run of Great Expectations; explaining traces it, ten times slower.
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@example(made=(EVERYTHING, ROWS))
@given(made=tables())
def test_both_gates_name_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Table, list[dict[str, Any]]]
) -> None:
    table, rows = made
    query = typed_file(tmp_path_factory.mktemp("gates"), table, rows)
    rules = row_rules(table)
    for rule, theirs in zip(rules, validate(query, rules, name="things"), strict=True):
        ours = failing(query, rule)
        assert (theirs.rule, theirs.failed) == (rule.id, len(ours))
        assert theirs.keys == ours if len(ours) <= LISTED else theirs.keys < ours


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=st.lists(st.none() | TEXTS | st.integers(), min_size=1, max_size=20))
def test_required_means_not_null(
    tmp_path_factory: pytest.TempPathFactory, cells: list[Any]
) -> None:
    table = Table("things", (KEY, Column("v", "v", "string", "VARCHAR", required=True)))
    rows = [{"id": str(n), "v": cell} for n, cell in enumerate(cells)]
    query = typed_file(tmp_path_factory.mktemp("required"), table, rows)
    [rule] = [rule for rule in row_rules(table) if rule.id == "v.required"]
    empty = {row["id"] for row in rows if row["v"] is None or not str(row["v"]).strip()}
    assert failing(query, rule) == empty


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=st.decimals(-(10**9), 10**9, places=4),
    limit=st.decimals(-(10**9), 10**9, places=4),
    step=st.sampled_from([0.0001, 0.05, 0.3, 7, 2.5]),
)
def test_decimals_are_compared_exactly(
    tmp_path_factory: pytest.TempPathFactory, value: Decimal, limit: Decimal, step: float
) -> None:
    limits = {"minimum": float(limit), "exclusiveMaximum": float(limit), "multipleOf": step}
    table = Table("t", (KEY, Column("v", "v", "number", "DECIMAL(18,4)", options=limits)))
    query = typed_file(tmp_path_factory.mktemp("exact"), table, [{"id": "1", "v": str(value)}])
    bad = {rule.id for rule in row_rules(table) if failing(query, rule)}
    assert ("v.minimum" in bad) == (value < limit)
    assert ("v.exclusiveMaximum" in bad) == (value >= limit)
    assert ("v.multipleOf" in bad) == (value % Decimal(str(step)) != 0)


@pytest.fixture
def two_rows(tmp_path: Path) -> str:
    table = Table("t", (KEY, Column("v", "v", "integer", "BIGINT")))
    return typed_file(tmp_path, table, [{"id": "1", "v": 1}, {"id": "2", "v": 5}])


def own(type_: str, **kwargs: Any) -> Rule:
    return Rule(f"t.{type_}", "load", "", expectation=Expectation(type_, kwargs, "a.yaml:7"))


def test_expectations_of_a_contract_are_run(two_rows: str) -> None:
    rules = [
        own("expect_table_row_count_to_be_between", min_value=1, max_value=2),
        own("expect_column_max_to_be_between", column="v", max_value=4),
        own("expect_column_values_to_be_in_set", column="v", value_set=[1]),
    ]
    broken = {rule.id: seen for rule, seen in expect(two_rows, rules, name="t")}
    assert list(broken) == [
        "t.expect_column_max_to_be_between",
        "t.expect_column_values_to_be_in_set",
    ]
    assert broken["t.expect_column_max_to_be_between"] == "5"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (own("expect_nothing_known"), "a.yaml:7: expect_nothing_known cannot be made"),
        (own("expect_column_max_to_be_between", column="w", max_value=4), "could not be evaluated"),
        (own("expect_column_max_to_be_between", colour="v"), "cannot be made from its kwargs"),
    ],
)
def test_an_expectation_that_raises_is_a_broken_gate(two_rows: str, rule: Rule, words: str) -> None:
    with pytest.raises(BrokenGate, match=words):
        expect(two_rows, [rule], name="t")


def test_a_row_rule_that_raises_is_a_broken_gate_even_beside_bad_rows(two_rows: str) -> None:
    rules = [Rule("v.small", "row", "v < 2"), Rule("v.odd", "row", "no_such(v)")]
    with pytest.raises(BrokenGate, match=r"v\.odd could not be evaluated"):
        validate(two_rows, rules, name="t")
