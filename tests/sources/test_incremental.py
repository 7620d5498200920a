"""What every table gets: windows, positions, watermarks, one more look at a short list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sources.incremental
from clients import Unavailable
from sources import Page, Reading, Table, Window, resource
from tests.pulled import read
from warehouse.held import Held

NOON = "2026-11-20T12:00:00Z"


class Shelf:
    """A table in pages of two; `asked` are the windows it was read by."""

    def __init__(self, *moments: str, claimed: int | None = None) -> None:
        self.rows = [{"id": n, "at": moment} for n, moment in enumerate(moments)]
        self.claimed = claimed
        self.asked: list[Window] = []
        self.fails_at: int | None = None

    def read(self, window: Window) -> Iterator[Page]:
        self.asked.append(window)
        rows = [row for row in self.rows if not window.since or row["at"] >= window.since]
        for start in range(window.position or 0, max(len(rows), 1), 2):
            if start == self.fails_at:
                raise Unavailable("till", "it is down", "Try later")
            following = start + 2 if start + 2 < len(rows) else None
            yield Page(rows[start : start + 2], claimed=self.claimed, position=following)

    def table(self, *, changed_since: bool = True) -> Table:
        return Table(
            "sales",
            lambda row: str(row["id"]),
            self.read,
            lambda row: row["at"],
            changed_since,
            timedelta(minutes=10),
        )


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.incremental, "_now", lambda: NOON)


def run(
    shelf: Shelf,
    folder: Path,
    *,
    table: Table | None = None,
    held: Held | None = None,
    **options: Any,
) -> Reading:
    """The one reading of one load; the keys it saw are left in `shelf.keys`."""
    held = held or Held(folder)
    loaded = read([resource("till", table or shelf.table(), held, **options)], folder)
    pages, [reading] = loaded["sales"]
    shelf.keys = [key for page in pages for key in page.keys]  # type: ignore[attr-defined]  # for asserts
    return reading


def hours(*numbers: int) -> list[str]:
    return [f"2026-11-20T{number:02}:00:00Z" for number in numbers]


def test_the_next_read_starts_before_the_last_change_seen(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 2, 3))
    first = run(shelf, tmp_path)
    assert (first.finished, first.since, first.seen) == (True, None, 3)
    second = run(shelf, tmp_path)
    assert shelf.asked[-1].since == "2026-11-20T02:50:00Z"
    assert second.seen == 1


def test_no_watermark_beyond_the_moment_the_reading_began(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 14))
    run(shelf, tmp_path)
    run(shelf, tmp_path)
    assert shelf.asked[-1].since == "2026-11-20T11:50:00Z"


def test_a_since_of_somebodys_own_leaves_no_gap(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 2))
    run(shelf, tmp_path)
    shelf.rows += [{"id": 8, "at": hours(5)[0]}, {"id": 9, "at": hours(9)[0]}]
    run(shelf, tmp_path, since="2026-11-20T08:00:00Z")
    assert shelf.keys == ["9"]  # type: ignore[attr-defined]  # set by run
    run(shelf, tmp_path)
    assert shelf.asked[-1].since == "2026-11-20T01:50:00Z"


def test_bounded_loads_go_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 2, 3, 4, 5))
    readings, keys = [], []
    for _ in range(3):
        readings.append(run(shelf, tmp_path, pages_per_load=1))
        keys += shelf.keys  # type: ignore[attr-defined]  # set by run
    assert keys == ["0", "1", "2", "3", "4"]
    assert [r.finished for r in readings] == [False, False, True]
    assert [window.position for window in shelf.asked] == [None, 2, 4]
    assert readings[-1].seen == 5


def test_an_error_keeps_what_was_read_and_the_place(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 2, 3, 4))
    shelf.fails_at = 2
    broken = run(shelf, tmp_path)
    assert str(broken.error) == "till: it is down. Try later"
    assert (broken.finished, broken.complete, broken.seen) == (False, False, 2)
    shelf.fails_at = None
    mended = run(shelf, tmp_path)
    assert shelf.keys == ["2", "3"]  # type: ignore[attr-defined]  # set by run
    assert (mended.finished, mended.complete) == (True, True)


def test_less_than_claimed_is_looked_at_once_more_and_moves_no_watermark(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 2), claimed=3)
    short = run(shelf, tmp_path)
    assert (short.finished, short.complete, short.claimed, short.seen) == (True, False, 3, 2)
    assert len(shelf.asked) == 2
    shelf.claimed = 2
    run(shelf, tmp_path)
    assert shelf.asked[-1].since is None


def test_without_changed_since_and_when_told_so_everything_is_read(tmp_path: Path) -> None:
    shelf = Shelf(*hours(1, 2))
    for options in ({"table": shelf.table(changed_since=False)}, {}, {"full": True}):
        assert run(shelf, tmp_path, **options).since is None
    assert shelf.asked[-1].full


def test_at_another_address_everything_is_read_again_without_trust(tmp_path: Path) -> None:
    shelf = Shelf("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z")
    run(shelf, tmp_path, address="https://old.example")
    run(shelf, tmp_path, address="https://old.example")
    assert shelf.asked[-1] == Window("2026-11-20T10:50:00Z")
    run(shelf, tmp_path, address="https://new.example")
    assert shelf.asked[-1] == Window(None, None, full=True)
    run(shelf, tmp_path, address="https://new.example")
    assert shelf.asked[-1] == Window("2026-11-20T10:50:00Z")


def test_at_another_address_a_stopped_reading_does_not_go_on(tmp_path: Path) -> None:
    shelf = Shelf(*[NOON] * 6)
    run(shelf, tmp_path, address="https://old.example", pages_per_load=1)
    run(shelf, tmp_path, address="https://new.example", pages_per_load=1)
    assert shelf.asked[-1] == Window(None, None, full=True)


def test_a_stopped_full_reading_goes_on_as_one(tmp_path: Path) -> None:
    shelf = Shelf(*[NOON] * 6)
    run(shelf, tmp_path, full=True, pages_per_load=1)
    run(shelf, tmp_path)
    assert shelf.asked[-1] == Window(None, 2, full=True)


@pytest.mark.parametrize(
    "given", ["2026-11-19T13:00:00+03:00", "2026-11-19T10:00:00Z", "2026-11-19 10:00"]
)
def test_since_is_any_moment_and_goes_out_in_utc(tmp_path: Path, given: str) -> None:
    shelf = Shelf(NOON)
    run(shelf, tmp_path, since=given)
    assert shelf.asked[-1].since == "2026-11-19T10:00:00Z"


def test_since_that_is_no_moment_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="since is 'dün'; write a moment such as 2026-"):
        resource("till", Shelf().table(), Held(tmp_path), since="dün")
