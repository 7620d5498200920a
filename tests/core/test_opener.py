"""One process at a time holds the warehouse; whoever waits says for whom."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.core.house import House
from warehouse import Busy, in_memory, memory, opened
from warehouse.files import sweep

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


@pytest.fixture
def holder(house: House) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", HOLD, house.places.warehouse],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()


def test_busy_names_who_holds_it(
    house: House, holder: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    slept: list[float] = []
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(Busy) as caught,
        opened(house.places, wait=3, sleep=slept.append),
    ):
        pass
    assert sum(slept) == 3
    assert str(holder.pid) in str(caught.value)
    assert "for over 3 s. Close it (readers use" in str(caught.value)
    waiting = [r.getMessage() for r in caplog.records if "waiting for the warehouse" in r.message]
    assert len(waiting) == 1
    assert str(holder.pid) in waiting[0]


def test_it_goes_on_when_the_other_is_done(house: House, holder: subprocess.Popen[str]) -> None:
    def sleep(seconds: float) -> None:
        holder.kill()
        holder.wait()

    with opened(house.places, wait=3, sleep=sleep) as connection:
        assert connection.execute("select current_database()").fetchall() == [("warehouse",)]


def test_memory_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = "select current_setting('memory_limit')"
    monkeypatch.delenv("KOPRU_MEMORY", raising=False)
    assert memory().execute(limit).fetchall() == [("3.7 GiB",)]
    monkeypatch.setenv("KOPRU_MEMORY", "512MiB")
    assert memory().execute(limit).fetchall() == [("512.0 MiB",)]


@pytest.mark.parametrize("wanted", ["", "much", "4", "-1", "0GB", "4GB; drop table x", "80%"])
def test_a_memory_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("KOPRU_MEMORY", wanted)
    with pytest.raises(ValueError, match=r"KOPRU_MEMORY is .*Write a number and one of MB, GB"):
        memory()


def test_what_does_not_fit_is_written_beside_the_data(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOPRU_MEMORY", "64MB")
    spill = house.places.data / "spill"
    many = "create temp table many as select md5(range::varchar) from range(3_000_000)"
    with (
        opened(house.places, wait=0) as one,
        opened(house.on(warehouse=f"{spill}.w").places) as two,
    ):
        one.execute(many)
        two.execute(many)
        assert len([folder for folder in spill.iterdir() if any(folder.iterdir())]) == 2
    assert not list(spill.iterdir())


@pytest.mark.parametrize("of_the_warehouse", [True, False])
def test_without_enough_memory_it_says_which_setting(
    house: House, monkeypatch: pytest.MonkeyPatch, of_the_warehouse: bool
) -> None:
    monkeypatch.setenv("KOPRU_MEMORY", "32MB")
    lists = "select list(md5(range::varchar)) from range(3_000_000)"  # they do not spill
    with (
        pytest.raises(duckdb.OutOfMemoryException) as raised,
        opened(house.places, wait=0) if of_the_warehouse else in_memory() as connection,
    ):
        connection.execute(lists).fetchall()
    assert "Set KOPRU_MEMORY, which is 32MB, to more" in raised.value.__notes__[0]


def test_only_what_is_old_is_swept(tmp_path: Path) -> None:
    for name in (".old.1.tmp", ".young.2.tmp", "kept.json"):
        (tmp_path / name).write_text("people's data")
    (tmp_path / ".spilled.3.tmp").mkdir()
    (tmp_path / ".spilled.3.tmp" / "file").write_text("people's data")
    for name in (".old.1.tmp", ".spilled.3.tmp", "kept.json"):
        os.utime(tmp_path / name, (0, 0))
    sweep(tmp_path)
    assert {left.name for left in tmp_path.iterdir()} == {".young.2.tmp", "kept.json"}
    sweep(tmp_path / "not there")
