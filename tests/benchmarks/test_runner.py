"""The runner measures with tiny sizes and writes rows of the promised shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import Options, __main__, dag_parse, figure, pull_csv, pull_nested, ratio, sftp_read

RATIO = {"name", "metric", "baseline", "value", "ours", "theirs", "unit", "size"}
FIGURE = {"name", "metric", "value", "unit", "size"}


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape of the rows is the same after one measurement as after three."""
    for benchmark in (pull_csv, sftp_read, pull_nested, dag_parse):
        monkeypatch.setattr(benchmark, "TIMES", 1)


def run(out: Path, *arguments: str) -> list[dict[str, Any]]:
    assert __main__.main([*arguments, "--out", str(out)]) == 0
    rows: list[dict[str, Any]] = json.loads(out.read_text())
    return rows


def test_only_one_is_measured_and_the_others_rows_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "latest.json"
    other = ratio("other", "something", 1, 4, "s", 10)
    out.write_text(json.dumps([figure("dag_parse", "seconds", 99, "s", 1), other]))
    rows = run(out, "--only", "dag_parse", "--size", "5")
    assert [row["name"] for row in rows] == ["other", "dag_parse"]
    assert rows[0] == other
    assert rows[1].keys() == FIGURE
    assert rows[1]["size"] == 5
    assert 0 < rows[1]["value"] < 99
    assert "dag_parse" in capsys.readouterr().out.splitlines()[-1]


def test_nested_orders_arrive_on_both_sides(tmp_path: Path) -> None:
    first, plain, *figures = run(tmp_path / "latest.json", "--only", "pull_nested", "--size", "120")
    assert first.keys() == RATIO
    assert (first["metric"], first["baseline"]) == ("ratio", "dlt defaults")
    assert first["value"] == pytest.approx(first["ours"] / first["theirs"], abs=0.01)
    assert (plain["metric"], plain["baseline"]) == ("ratio", "duckdb read_json")
    assert {row["metric"] for row in figures} == {"seconds", "memory"}


def test_a_long_baseline_is_compared_at_a_fifth(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def ours(options: Options, size: int) -> Any:
        asked.append(("ours", size))
        return pull_nested.Cost(seconds=size / 100)

    def theirs(options: Options, size: int) -> Any:
        asked.append(("theirs", size))
        return pull_nested.Cost(seconds=size / 10)

    monkeypatch.setattr(pull_nested, "_ours", ours)
    monkeypatch.setattr(pull_nested, "_theirs", theirs)
    short, _, seconds, _ = pull_nested.measure(Options(1000, False, print))
    assert (short["value"], short["size"]) == (0.1, 200)
    assert (seconds["value"], seconds["size"]) == (10.0, 1000)
    assert asked.count(("theirs", 200)) == 1
    assert ("theirs", 1000) not in asked
    full, *_ = pull_nested.measure(Options(1000, True, print))
    assert (full["value"], full["size"]) == (0.1, 1000)


def test_files_are_compared_with_what_others_do_to_the_same_rows(tmp_path: Path) -> None:
    compared = [
        (row["name"], row.get("baseline"))
        for only in ("pull_csv", "sftp_read")
        for row in run(tmp_path / f"{only}.json", "--only", only, "--size", "300")
        if row["metric"] == "ratio"
    ]
    assert compared == [
        ("pull_csv", "dlt defaults"),
        ("pull_csv", "duckdb read_csv"),
        ("sftp_read", "bare paramiko prefetch"),
    ]
