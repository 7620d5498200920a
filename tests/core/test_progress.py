"""What a pull says of itself while it runs, and at its end."""

from __future__ import annotations

import logging

import pytest

import warehouse.pull
from tests.core.house import House


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "warehouse.pull"]


def test_every_load_says_what_remains(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="warehouse.pull")
    house.shelves["customers"].put(*range(6)).pages_per_load = 1
    house.pull()
    first, second, last = lines(caplog)
    assert first.startswith("erp.customers: seen 2, landed 2, ")
    assert "rows/s, 4 remain, about 0 min" in first
    assert "seen 4, landed 4, " in second
    assert "2 remain" in second
    assert last.startswith("erp.customers: done in 3 loads, ")
    assert last.endswith(" s: claimed 6, seen 6, landed 6, repaired 0, gone 0")


def test_minutes_follow_from_what_this_pull_saw(house: House) -> None:
    done = warehouse.pull.Pulled("crm", "contacts", claimed=2_000_000, seen=1_400_000, rows=70)
    said = warehouse.pull._progress(done, met=100_000, seconds=100)
    assert (
        said
        == "crm.contacts: seen 1,400,000, landed 70, 1,000 rows/s, 600,000 remain, about 10 min"
    )
    done.claimed = None
    assert warehouse.pull._progress(done, 1, 1).endswith("1 rows/s, how many remain is not known")


def test_the_end_says_what_was_repaired_and_what_is_gone(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="warehouse.pull")
    shelf = house.shelves["customers"].put(*range(6))
    shelf.by_key, shelf.hidden = True, {"3"}
    house.pull()
    assert lines(caplog)[-1].endswith("claimed 6, seen 6, landed 6, repaired 1, gone 0")
    del shelf.rows["5"]
    house.pull()
    assert "gone 1" in lines(caplog)[-1]


def test_a_pull_that_breaks_off_says_so(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="warehouse.pull")
    house.shelves["customers"].put(*range(6)).fails_at = 4
    house.pull()
    assert lines(caplog)[-1].startswith("erp.customers: stopped in 1 load, ")
