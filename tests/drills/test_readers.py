"""The drill of readers, small: with the drivers that are installed, and what it calls torn."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from drills import reader, readers
from drills.failpoints import POINTS


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "READERS", {"duckdb": 1, "duckdb-engine": 1})
    monkeypatch.setattr(readers, "ROUNDS", 2)
    monkeypatch.setattr(readers, "QUIET", 5.0)
    monkeypatch.setattr(readers, "give_way", lambda: None)  # it would be for all tests to come


@pytest.mark.usefixtures("few")
def test_readers_of_a_company_at_work_meet_no_error_and_no_torn_read(tmp_path: Path) -> None:
    found = readers.drill(tmp_path, 30, 0, 0)
    assert found["problems"] == {}
    assert found["readers"] == {"duckdb": 1, "duckdb-engine": 1}
    assert found["reads"] >= 2
    assert found["builds_seen"] >= 1


def test_a_file_whose_marts_do_not_agree_is_called_torn(tmp_path: Path) -> None:
    path = tmp_path / "served.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(
            """create schema marts; create schema meta;
            create table meta.build as select 'one' as build_id;
            create table marts.orders as
                select 'o1' as order_id, 'c1' as customer_id, 5.0 as total, true as is_sale;
            create table marts.order_lines as select 'o1' as order_id, 5.0 as total;
            create table marts.customer_360 as
                select 'c1' as customer_id, 1 as order_count, map {'TRY': 5.0} as revenue"""
        )
    assert reader.by_duckdb(str(path), readers.QUERY) == ("one", 0)
    with duckdb.connect(path) as connection:
        connection.execute("update marts.order_lines set total = 4.0")
    assert reader.by_engine(str(path), readers.QUERY) == ("one", 1)


def test_a_file_that_is_not_there_is_a_problem_of_the_reader(tmp_path: Path) -> None:
    script = str(Path(readers.__file__).parent / "reader.py")
    command = [sys.executable, script, "duckdb", str(tmp_path / "none.duckdb"), "select 1"]
    process = subprocess.Popen(  # noqa: S603 - our own Python
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    assert said["problem"].startswith("IOException")


@pytest.mark.parametrize("name", POINTS)
def test_every_failpoint_is_in_the_code(name: str) -> None:
    module, _, inside = POINTS[name].owner.partition(":")
    owner = importlib.import_module(module)
    assert callable(getattr(getattr(owner, inside) if inside else owner, POINTS[name].name))
