"""A full disk: a clear error before anything is written, and the old state when it fills midway."""

from __future__ import annotations

import ctypes
import random
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

import warehouse.check
import warehouse.disk
from tests.core.house import House, counted
from tests.core.test_compact import compacted
from tests.core.test_failpoints import ended
from warehouse.disk import DiskFull, hold_room
from warehouse.landing import Landing

DISK = 150_000_000
LEFT = 60_000  # bytes, when it fills up


def big(key: str) -> dict[str, str]:
    """A row that cannot be made smaller."""
    noise = random.Random(key).randbytes(1_500).hex()  # noqa: S311 - not a secret
    return {"no": key, "name": noise, "email": "a@a.tr"}


STEPS: dict[str, Callable[[House], Any]] = {
    "pull": lambda house: house.pull(),
    "load": lambda house: house.load(),
    "build": lambda house: house.build(),
    "compact": lambda house: compacted(house, 4_000_000_000),
}


def grown(house: House) -> House:
    """Old rows are served; new ones wait for whatever step is next."""
    shelf = house.shelves["customers"]
    for first in (0, 50):
        shelf.rows |= {row["no"]: {**row, "at": "2026"} for row in map(big, map(str, range(100)))}
        shelf.put(*range(first, first + 50), name=f"Ad {first}")
        house.pull()
        house.check()
        house.load()
    house.build()
    shelf.rows |= {row["no"]: {**row, "at": "2027"} for row in map(big, map(str, range(400, 600)))}
    return house


def ready(house: House, step: str) -> None:
    """Up to what comes before the step."""
    if step in ("load", "build", "compact"):
        house.pull()
        house.check()
        shutil.rmtree(house.places.data / "typed")  # a cache; gone once loaded, it would make room
    if step in ("build", "compact"):
        house.load()


def known(house: House) -> tuple[Any, ...]:
    """What anybody can see of landing, warehouse and served files."""
    served = house.served("select count(*), max(customer_id) from marts.customer_360")
    loads = [one.id for one in Landing(house.places.landing).loads("erp", "customers")]
    return served, loads, house.raw("count(*)")


def test_without_room_nothing_is_begun(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    grown(house)
    for step, work in STEPS.items():
        before = known(house)
        with monkeypatch.context() as patched:
            patched.setenv("KOPRU_MIN_FREE_MB", "1000000000")
            words = rf"MB are free; to {step}.*1,000,000,000 MB stay free"
            with pytest.raises(DiskFull, match=words):
                work(house)
        assert known(house) == before
        work(house)
        assert known(house) != before
        house.check()


def test_the_error_says_where_how_much_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DiskFull) as raised:
        hold_room(tmp_path / "not" / "there", 10**15, "build")
    words = str(raised.value)
    assert str(tmp_path / "not" / "there") in words
    assert "about 1,000,000,000 MB are needed" in words
    assert "Nothing was changed" in words and "start the DAG compact" in words
    hold_room(tmp_path, 0, "build")


def test_the_floor_is_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOPRU_MIN_FREE_MB", "2 GB")
    with pytest.raises(ValueError, match="whole number of megabytes"):
        hold_room(tmp_path, 0, "build")


class Disk(NamedTuple):
    """A house on a small disk; where none can be mounted, files that cannot grow."""

    house: House
    mounted: bool

    def fill(self, left: int = LEFT) -> None:
        if self.mounted:
            with (self.house.folder / "filler").open("wb") as file:
                file.write(bytes(shutil.disk_usage(self.house.folder).free - left))

    def starve(self) -> None:
        """In a child process: it sees room, which another process takes in the meantime."""
        room = SimpleNamespace(disk_usage=lambda folder: SimpleNamespace(free=10**15))
        warehouse.disk.shutil = room  # type: ignore[assignment,unused-ignore]  # in a child process
        if not self.mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (LEFT, LEFT))

    def empty(self) -> None:
        (self.house.folder / "filler").unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(warehouse.check, "validate", counted)
    monkeypatch.setenv("KOPRU_MIN_FREE_MB", "0")
    libc = ctypes.CDLL(None, use_errno=True)
    at = tmp_path / "disk"
    at.mkdir()
    size = f"size={DISK}".encode()
    mounted = libc.mount(b"tmpfs", str(at).encode(), b"tmpfs", 0, size) == 0
    try:
        yield Disk(House(at, monkeypatch), mounted)
    finally:
        if mounted:
            libc.umount2(str(at).encode(), 2)


def made_good(house: House, step: str, before: tuple[Any, ...]) -> None:
    """All is as it was, and then as it had been with room."""
    assert house.served("select count(*), max(customer_id) from marts.customer_360") == before[0]
    STEPS[step](house)
    house.pull()
    house.check()
    house.load()
    house.build()
    rows = house.shelves["customers"].rows
    there = house.sql("select _key, name from raw_canonical.customers where _change is null")
    assert dict(there) == {key: row["name"] for key, row in rows.items()}
    assert house.served("select count(*) from marts.customer_360") == [(len(rows),)]


@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_fills_up_midway_leaves_the_old_state(disk: Disk, step: str) -> None:
    house = grown(disk.house)
    ready(house, step)
    before = known(house)
    disk.fill()
    assert ended(disk.starve, lambda: STEPS[step](house)) == 1
    disk.empty()
    made_good(house, step, before)


def test_the_estimate_stops_it_in_time(disk: Disk) -> None:
    if not disk.mounted:
        pytest.skip("needs a disk")
    house = disk.house
    house.load()
    house.land(*(big(str(number)) for number in range(2000)))
    house.check()
    disk.fill(left=20_000_000)
    with pytest.raises(DiskFull, match="20 MB are free; to load erp about"):
        house.load()
    disk.empty()
    assert house.load()["customers"].changed == 2000
