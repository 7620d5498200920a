"""Repairs key by key, sweeps, what is gone, and sudden shrinks, on a table in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sources.incremental
from sources import Listed, Page, Reading, Row, Table, Window, resource
from sources.proof import FEW
from tests.pulled import Landed

BEGIN = "2026-11-20T12:00:00Z"


class Shop:
    """A system that can be asked for changes, for its keys, and for rows by key.

    `hides`: keys that reading leaves out though it counts them; `lost`: keys that are listed and
    never given. `counts`: what it claims besides what it has.
    """

    def __init__(self, count: int) -> None:
        self.rows = {str(n): {"id": str(n), "at": "2026-11-01T00:00:00Z"} for n in range(count)}
        self.hides: set[str] = set()
        self.lost: set[str] = set()
        self.more_listed = 0
        self.asked: list[list[str]] = []

    def put(self, key: str, at: str) -> None:
        self.rows[key] = {"id": key, "at": at}

    def window(self, window: Window) -> list[Row]:
        return [row for row in self.rows.values() if not window.since or row["at"] >= window.since]

    def read(self, window: Window) -> Iterator[Page]:
        rows = self.window(window)
        kept = [row for row in rows if row["id"] not in self.hides]
        yield Page(kept, claimed=len(rows))

    def listing(self, window: Window) -> Iterator[Listed]:
        rows = self.window(window)
        yield Listed({row["id"]: row["at"] for row in rows}, len(rows) + self.more_listed)

    def fetch(self, keys: Sequence[str]) -> list[Row]:
        self.asked.append(list(keys))
        return [self.rows[key] for key in keys if key in self.rows and key not in self.lost]

    def table(self, *, by_key: bool = True) -> Table:
        proof: dict[str, Any] = {"listing": self.listing, "fetch": self.fetch} if by_key else {}
        return Table(
            *("sales", lambda row: row["id"], self.read, lambda row: row["at"]),
            changed_since=True,
            **proof,
        )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Its last entry is now."""
    times = [BEGIN]
    monkeypatch.setattr(sources.incremental, "_now", lambda: times[-1])
    return times


@pytest.fixture
def landed(tmp_path: Path, clock: list[str]) -> Landed:
    return Landed(tmp_path)


def pull(landed: Landed, shop: Shop, *, by_key: bool = True, **options: Any) -> Reading:
    table = shop.table(by_key=by_key)
    return landed.take([resource("till", table, landed.held("sales"), **options)])["sales"]


def test_a_short_read_is_repaired_key_by_key(landed: Landed) -> None:
    shop = Shop(30)
    shop.hides = {"4", "17"}
    reading = pull(landed, shop)
    assert shop.asked == [["17", "4"]]
    assert landed.rows["sales"].keys() == shop.rows.keys()
    assert (reading.claimed, reading.seen, reading.repaired, reading.complete) == (30, 30, 2, True)


def test_keys_that_stay_missing_are_red_with_both_numbers(landed: Landed) -> None:
    shop = Shop(30)
    shop.hides = shop.lost = {"4"}
    reading = pull(landed, shop)
    assert (reading.claimed, reading.seen, reading.complete) == (30, 29, False)
    shop.lost = set()
    assert pull(landed, shop).since is None, "the watermark must not have moved"
    assert "4" in landed.rows["sales"]


def test_a_repair_asks_only_for_keys_of_the_window(landed: Landed) -> None:
    shop = Shop(30)
    pull(landed, shop)
    shop.put("7", "2026-11-20T11:59:00Z")
    shop.hides = {"7", "8"}
    reading = pull(landed, shop, since="2026-11-20T00:00:00Z")
    assert shop.asked == [["7"]]
    assert (reading.claimed, reading.seen) == (1, 1)


def test_the_daily_sweep_finds_what_is_gone_and_what_was_missed(
    landed: Landed, clock: list[str]
) -> None:
    shop = Shop(30)
    shop.put("29", "2026-11-10T00:00:00Z")
    pull(landed, shop)
    del shop.rows["3"]
    shop.put("5", "2026-11-01T00:00:01Z")  # changed, and the system's filter never says so
    clock.append("2026-11-21T11:59:59Z")
    assert pull(landed, shop).listed is None
    assert landed.changes["sales"] == {}
    clock.append("2026-11-21T12:00:00Z")
    reading = pull(landed, shop)
    assert (reading.listed, reading.repaired) == (29, 1)
    assert landed.changes["sales"] == {"3": "deleted"}
    assert landed.rows["sales"]["5"] == shop.rows["5"]
    assert pull(landed, shop).listed is None


def test_a_list_that_is_not_whole_deletes_nothing(landed: Landed, clock: list[str]) -> None:
    shop = Shop(30)
    pull(landed, shop)
    gone = shop.rows.pop("3")
    shop.more_listed = 1
    clock.append("2026-11-22T12:00:00Z")
    reading = pull(landed, shop)
    assert "claims 30 keys, 29 were listed" in str(reading.error)
    assert landed.changes["sales"] == {}
    shop.rows["3"], shop.more_listed = gone, 0
    assert pull(landed, shop).listed == 30


@pytest.mark.parametrize("by_key", [True, False])
def test_a_sudden_shrink_is_refused_until_a_person_confirms(
    landed: Landed, clock: list[str], by_key: bool
) -> None:
    shop = Shop(100)
    pull(landed, shop, by_key=by_key)
    shop.rows = dict(list(shop.rows.items())[:79])
    clock.append("2026-11-22T12:00:00Z")
    full = not by_key
    for _ in range(2):
        refused = pull(landed, shop, by_key=by_key, full=full)
        assert "sales shrank from 100 rows to 79" in str(refused.error)
        assert "`confirm`" in str(refused.error)
        assert landed.changes["sales"] == {}
    assert pull(landed, shop, by_key=by_key, full=full, confirm=True).complete
    assert len(landed.changes["sales"]) == 21
    assert pull(landed, shop, by_key=by_key, full=full).complete


@pytest.mark.parametrize(("before", "after"), [(100, 80), (FEW - 1, 1)])
def test_a_small_loss_or_of_few_needs_nobody(
    landed: Landed, clock: list[str], before: int, after: int
) -> None:
    shop = Shop(before)
    pull(landed, shop)
    shop.rows = dict(list(shop.rows.items())[:after])
    clock.append("2026-11-22T12:00:00Z")
    assert pull(landed, shop).complete
    assert len(landed.changes["sales"]) == before - after


def test_a_table_says_itself_how_often_its_keys_are_compared() -> None:
    assert Shop(1).table().sweep_every == timedelta(days=1)
