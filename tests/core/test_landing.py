"""Pull and landing: at least once, nothing lost, nothing twice that did not change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.house import House
from warehouse.formats import FormatError
from warehouse.landing import Landing, LandingError
from warehouse.locks import alone


def keys(house: House) -> list[str]:
    return sorted(row["_key"] for row in house.landed())


def test_a_landed_row_is_always_the_same_six_columns(house: House) -> None:
    house.shelves["customers"].put(1, name="Işıl", nested={"b": 1, "a": [1.5, None]})
    done = house.pull()
    [row] = house.landed()
    assert list(row) == ["_key", "_cursor", "_hash", "_row", "_change", "_load_id", "_position"]
    assert (row["_key"], row["_cursor"], row["_change"]) == ("1", "2026-11-02T10:00:00Z", None)
    assert json.loads(row["_row"]) == house.shelves["customers"].rows["1"]
    [one] = Landing(house.places.landing).loads("erp", "customers")
    assert one.id == row["_load_id"]
    assert (one.manifest.rows, one.manifest.claimed, one.manifest.seen) == (1, 1, 1)
    assert (done.claimed, done.seen, done.rows, done.problem) == (1, 1, 1, None)


def test_the_second_pull_lands_nothing_and_a_changed_row_lands_once(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2, 3)
    assert house.pull().rows == 3
    assert house.pull().rows == 0
    shelf.put(2, name="başka")
    assert (house.pull().rows, house.pull().rows) == (1, 0)
    assert keys(house) == ["1", "2", "2", "3"]


def test_volatile_paths_are_no_change_and_landed_all_the_same(house: House) -> None:
    shelf = house.shelves["customers"].put(1, seen_at="09:00", audit={"stamp": 1, "by": "x"})
    house.pull()
    shelf.put(1, seen_at="10:00", audit={"stamp": 2, "by": "x"})
    assert house.pull().rows == 0
    shelf.put(1, seen_at="10:00", audit={"stamp": 2, "by": "y"})
    assert house.pull().rows == 1
    assert "10:00" in house.landed()[-1]["_row"]


def test_a_key_that_is_gone_is_deleted_once_and_may_come_back(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2)
    house.pull()
    row = shelf.rows.pop("2")
    assert house.pull().rows == 1
    last = house.landed()[-1]
    assert (last["_key"], last["_change"], last["_row"]) == ("2", "deleted", None)
    assert house.pull().rows == 0
    assert set(shelf.known) == {"1"}
    shelf.rows["2"] = row
    assert (house.pull().rows, house.pull().rows) == (1, 0)
    assert house.landed()[-1]["_change"] is None


def test_rows_the_system_says_changed_state_land_once(house: House) -> None:
    shelf = house.shelves["customers"].put(1)
    shelf.change = "archived"
    assert (house.pull().rows, house.pull().rows) == (1, 0)
    shelf.change = None
    assert (house.pull().rows, house.pull().rows) == (1, 0)


def test_nothing_is_gone_while_the_system_breaks_off_or_shows_a_part(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2, 3, 4)
    house.pull()
    shelf.fails_at = 2
    assert house.pull().rows == 0
    shelf.fails_at = None
    assert house.pull().rows == 0  # it went on in the middle: the first keys were not seen now
    assert house.pull().rows == 0
    assert all(row["_change"] is None for row in house.landed())


def test_a_backfill_in_bounded_loads_finds_gone_keys_at_its_end(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2, 3, 4, 5)
    shelf.pages_per_load = 1
    assert (house.pull().loads, len(Landing(house.places.landing).loads("erp", "customers"))) == (
        3,
        3,
    )
    del shelf.rows["1"]
    assert house.pull().rows == 1
    assert house.landed()[-1]["_change"] == "deleted"


def test_what_can_be_said_in_json_lands(house: House) -> None:
    """Each of these stopped the pull of its table for good."""
    house.shelves["customers"].put(
        1, big=2**80, small=-(2**70), half="a\ud83d", deep=[{"x": 2**64}]
    )
    assert house.pull().problem is None
    landed = json.loads(house.landed()[0]["_row"])
    assert (landed["big"], landed["small"], landed["half"]) == (str(2**80), str(-(2**70)), "a?")
    assert house.pull().rows == 0


def test_good_pages_stay_when_the_system_breaks_off(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2, 3, 4)
    shelf.changed_since = True
    shelf.fails_at = 2
    broken = house.pull()
    assert broken.problem == "erp.customers: the line is dead. Try again later"
    assert keys(house) == ["1", "2"]
    shelf.fails_at = None
    assert house.pull().problem is None
    assert shelf.asked[-1].position == 2
    assert keys(house) == ["1", "2", "3", "4"]


def test_a_shortfall_is_read_again_then_red_with_both_numbers(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2)
    shelf.changed_since, shelf.claims = True, 1
    done = house.pull()
    assert len(shelf.asked) == 2
    assert "claims 3 rows, 2 were seen" in str(done.problem)
    [one] = Landing(house.places.landing).loads("erp", "customers")
    assert not one.manifest.complete
    house.pull()
    assert shelf.asked[-1].since is None  # the watermark has not moved
    shelf.claims = 0
    assert house.pull().problem is None
    house.pull()
    assert shelf.asked[-1].since == "2026-11-03T09:55:00Z"


def test_two_pulls_at_once_are_refused(house: House) -> None:
    with (
        alone(house.places.landing, "erp"),
        pytest.raises(RuntimeError, match="erp is being pulled by another process"),
    ):
        house.pull()
    assert house.pull().problem is None


def test_an_unknown_table_names_those_there_are(house: House) -> None:
    with pytest.raises(ValueError, match=r"no table tips.*customers, orders"):
        warehouse_pull(house, ["tips"])


def warehouse_pull(house: House, tables: list[str]) -> Any:
    from warehouse.pull import pull

    return pull(house.places, house.erp, house.contract(), tables=tables)


def test_a_manifest_of_another_format_is_not_guessed_at(house: House) -> None:
    load = house.land({"no": "1", "name": "A"})
    path = house.places.landing / "erp" / "customers" / f"{load}.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 3'))
    with pytest.raises(FormatError, match=r"format 3; this version of Köprü reads 1 to 2\..*newer"):
        Landing(house.places.landing).loads("erp", "customers")


def test_a_clock_that_went_back_lands_nothing(house: House) -> None:
    """Else the newer row would count as the older one, for ever."""
    house.clock = 4_000_000_000
    house.land({"no": "1", "name": "Ad 1"})
    house.shelves["customers"].put(1, name="yeni")
    with pytest.raises(LandingError, match="Set this machine's clock"):
        house.pull()
    assert len(house.landed()) == 1
