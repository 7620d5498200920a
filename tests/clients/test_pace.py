"""One budget per system, whoever asks."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from clients.pace import Pace, SharedPace, pace


def _ask(path: Path, count: int, starts: Any) -> None:
    mine = SharedPace(path, 1.0, clock=lambda: 1000.0)
    starts.put([1000.0 + mine.delay() for _ in range(count)])


def test_processes_take_turns(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    starts = spawn.Queue()
    workers = [spawn.Process(target=_ask, args=(tmp_path / "pace", 5, starts)) for _ in range(2)]
    for worker in workers:
        worker.start()
    taken = sorted(moment for _ in workers for moment in starts.get(timeout=60))
    for worker in workers:
        worker.join()
    assert taken == [1000.0 + second for second in range(10)]


def test_a_clock_that_was_set_back_stops_nobody_for_long(tmp_path: Path) -> None:
    path = tmp_path / "pace"
    SharedPace(path, 0.2, clock=lambda: 9_000_000.0).delay()
    assert SharedPace(path, 0.2, clock=lambda: 1000.0).delay() <= 12.0


def test_it_is_shared_where_a_company_has_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KOPRU_DATA", raising=False)
    assert type(pace("crm", "searches", 1.0)) is Pace
    monkeypatch.setenv("KOPRU_DATA", str(tmp_path))
    first, second = pace("crm", "searches", 5.0), pace("crm", "searches", 5.0)
    assert first.delay() == 0.0
    assert 0.0 < second.delay() <= 5.0
    assert pace("crm", "lists", 5.0).delay() == 0.0
