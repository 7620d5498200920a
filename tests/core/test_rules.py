"""Rules: each option says what it means, and both gates count the same for random rows."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from contracts import Column, Table
from contracts.expectations import BrokenGate, validate
from contracts.reader import DEFAULT_SQL
from contracts.rules import Rule, row_rules
from warehouse import memory


def column(name: str, logical: str, options: dict[str, Any], *valid: str, **more: Any) -> Column:
    quality = ({"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": list(valid)}},)
    kind = DEFAULT_SQL[logical]
    return Column(
        name, name, logical, kind, options=options, quality=quality if valid else (), **more
    )


COLUMNS = (
    column("a", "string", {"pattern": "^(?:[a-c]{1,2}|x:y)$", "maxLength": 2, "minLength": 2}),
    column("b b", "string", {}, "it's", "x:y", "{batch}"),
    column('n"', "integer", {"minimum": -1, "exclusiveMaximum": 5}, required=True),
    column("m", "number", {"exclusiveMinimum": 0.1, "maximum": 99.95}, "1.5", "2"),
    column("d", "date", {"minimum": "2026-01-01"}),
    column("t", "timestamp", {"maximum": "2026-01-01 10:30:00"}),
    column("w", "string", {"pattern": "z"}, settings={"optionsSeverity": "warning"}),
)
TABLE = Table("t", COLUMNS)
VALUES: tuple[list[Any], ...] = (
    [None, "a", "ab", "abc", "x:y", "", "ç"],
    [None, "it's", "x:y", "{batch}", "its", ":y"],
    [None, -3, -1, 0, 4, 5, 7],
    [None, "-1", "0.10", "0.11", "1.50", "2", "99.95", "99.96"],
    [None, "2025-12-31", "2026-01-01", "0001-01-01"],
    [None, "2026-01-01 10:30:00", "2026-01-01 10:30:01", "9999-12-31"],
    [None, "z", "y"],
    [True, False],
)


def parquet(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    connection = memory()
    columns = ", ".join(f'"{c.name.replace(chr(34), chr(34) * 2)}" {c.type}' for c in COLUMNS)
    connection.execute(f"create table t (_key varchar, {columns}, _unreadable varchar[])")
    if rows:
        connection.executemany(
            f"insert into t values ({', '.join('?' * (len(COLUMNS) + 2))})",
            [(str(n), *row[:-1], ["x"] if row[-1] else []) for n, row in enumerate(rows)],
        )
    connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def counts(path: Path) -> dict[str, int]:
    """How many rows the SQL pass calls bad, per rule."""
    connection = memory()
    return {
        rule.id: connection.execute(
            f"select count(*) from '{path}' where not coalesce(({rule.sql}), false)"
        ).fetchall()[0][0]
        for rule in row_rules(TABLE)
    }


@pytest.mark.parametrize("seed", [1])
def test_both_gates_count_the_same(tmp_path: Path, seed: int) -> None:
    """Random rows without hypothesis: its tracing makes Great Expectations ten times slower."""
    random = Random(seed)  # noqa: S311 - makes rows, not secrets
    rows = [tuple(map(random.choice, VALUES)) for _ in range(300)]
    path = parquet(tmp_path / "rows.parquet", rows)
    found = validate(f"select * from '{path}'", row_rules(TABLE), name="t")
    assert {result.rule: result.failed for result in found} == counts(path)
    assert all(0 < result.failed < len(rows) for result in found)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("a.pattern", ["ab", None, "x:y"], ["abc", "ç", ""]),
        ("a.minLength", ["ab", None, "abc"], ["a", ""]),
        ("a.maxLength", ["ab", None, ""], ["abc"]),
        ("b b.validValues", ["it's", "x:y", "{batch}", None], ["its", ""]),
        ('n".required', [0], [None]),
        ('n".minimum', [-1, 5, None], [-2]),
        ('n".exclusiveMaximum', [4, None], [5]),
        ("m.exclusiveMinimum", ["0.11", None], ["0.10"]),
        ("m.maximum", ["99.95", None], ["99.96"]),
        ("m.validValues", ["1.50", "2.00", None], ["1.51"]),
        ("d.minimum", ["2026-01-01", None], ["2025-12-31"]),
        ("t.maximum", ["2026-01-01 10:30:00", None], ["2026-01-01 10:30:01"]),
        ("w.pattern", ["z", None], ["y"]),
    ],
)
def test_each_option(tmp_path: Path, rule: str, good: list[Any], bad: list[Any]) -> None:
    place = [c.name for c in COLUMNS].index(rule.rpartition(".")[0])

    def failing(values: list[Any]) -> int:
        rows = [(*[None] * place, value, *[None] * (6 - place), False) for value in values]
        return counts(parquet(tmp_path / "rows.parquet", rows))[rule]

    assert failing(good) == 0
    assert failing(bad) == len(bad)


def test_severity_is_the_contracts() -> None:
    severities = {rule.id: rule.severity for rule in row_rules(TABLE)}
    assert severities["w.pattern"] == "warning"
    assert severities["a.pattern"] == "error"


def test_a_rule_that_raises_is_a_broken_gate(tmp_path: Path) -> None:
    path = parquet(tmp_path / "rows.parquet", [])
    with pytest.raises(BrokenGate, match="rule odd could not be evaluated"):
        validate(f"select * from '{path}'", [Rule("odd", "row", "no_such_column > 1")], name="t")
