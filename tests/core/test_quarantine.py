"""Rows in quarantine: let in after a mend, dismissed by a person, never over a newer one."""

from __future__ import annotations

from typing import Any

import pytest

import warehouse.quarantine
from tests.core.house import House
from tests.core.test_check import rows
from warehouse.quarantine import Replayed, dismiss, replay
from warehouse.rebuild import rebuild

ANYTHING = "^.*$"


def state(house: House) -> list[tuple[Any, ...]]:
    return house.sql("select key, state, rules from quarantine.rows order by key")


def replayed(house: House, **said: str) -> list[Replayed]:
    return replay(house.places, house.erp, house.contract(), **said)


def test_a_mended_rule_lets_waiting_rows_in(house: House) -> None:
    house.take(*rows(1, 2, 3, 4, 5, 6, 7), *rows(8, email="yok"), *rows(9, balance="1.234"))
    assert replayed(house) == [Replayed("erp", "customers", 2, 0)]
    house.promise(pattern=ANYTHING)
    assert replayed(house, by="ayse", why="e-mails are not checked") == [
        Replayed("erp", "customers", 2, 1)
    ]
    assert house.load()["customers"].changed == 1
    assert [key for key, *_ in house.raw()] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert state(house) == [("8", "released", ["email.pattern"]), ("9", "open", ["readable"])]
    assert house.sql("select decision, decided_by, why from journal.quarantine") == [
        ("released", "ayse", "e-mails are not checked")
    ]
    assert house.sql("select quarantined, revision from ops.loads") == [(1, 1)]
    assert replayed(house) == [Replayed("erp", "customers", 1, 0)]
    assert house.load()["customers"].loads == 0


def test_only_the_newest_version_of_a_row_is_let_in(house: House) -> None:
    house.take(*rows(1, 2, 3, 4, 5, 6), *rows(7, 8, 9, email="yok", name="eski"))
    house.take(*rows(7, name="yeni"), gone=("8",))
    house.take(*rows(9, email="yine yok", name="yeni"), *rows(1, 2, 3, 4, name="bir"))
    house.promise(pattern=ANYTHING)
    assert replayed(house) == [Replayed("erp", "customers", 1, 1)]
    house.load()
    there = {key: name for key, name, change in house.raw() if not change}
    assert (there["7"], there["9"], "8" in there) == ("yeni", "yeni", False)


def test_what_was_let_in_is_there_after_a_rebuild(house: House) -> None:
    house.take(*rows(1, 2, 3, 4), *rows(5, email="yok"))
    house.promise(pattern=ANYTHING)
    replayed(house)
    house.load()
    before = (house.raw(), state(house))
    rebuild(house.places, [house.erp])
    assert (house.raw(), state(house)) == before


def test_other_rules_that_a_row_breaks_now_are_named(house: House) -> None:
    house.take(*rows(1, 2, 3, 4), *rows(5, email="yok", name=None))
    house.promise(pattern=ANYTHING)
    assert replayed(house) == [Replayed("erp", "customers", 1, 0)]
    house.load()
    assert state(house) == [("5", "open", ["name.required"])]


def test_a_replay_that_stops_midway_is_made_good_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.take(*rows(1, 2, 3, 4), *rows(5, email="yok"))
    house.promise(pattern=ANYTHING)

    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(warehouse.quarantine, "write_json", dies)
        with pytest.raises(KeyboardInterrupt):
            replayed(house)
    assert house.load()["customers"].changed == 0
    assert replayed(house) == [Replayed("erp", "customers", 1, 1)]
    assert house.load()["customers"].changed == 1


def test_a_person_dismisses_a_row_until_it_comes_anew(house: House) -> None:
    house.take(*rows(1, 2, 3, 4), *rows(5, 6, email="yok"))
    said = {"by": "mehmet", "why": "a test customer"}
    dismiss(house.places, house.erp, house.contract(), "customers", ["5"], **said)
    house.load()
    assert state(house) == [("5", "dismissed", ["email.pattern"]), ("6", "open", ["email.pattern"])]
    house.take(*rows(5, email="yine yok"), *rows(1, 2, 3, 4, name="bir"))
    assert [row[:2] for row in state(house)] == [("5", "open"), ("6", "open")]
    house.take(*rows(5))
    assert [row[:2] for row in state(house)] == [("5", "cleared"), ("6", "open")]


def test_a_dismissal_names_a_waiting_row_and_a_reason(house: House) -> None:
    house.take(*rows(1, 2, 3, 4), *rows(5, email="yok"))
    contract = house.contract()
    with pytest.raises(ValueError, match="4 is not in quarantine"):
        dismiss(house.places, house.erp, contract, "customers", ["4", "5"], by="m", why="so")
    with pytest.raises(ValueError, match="Say why"):
        dismiss(house.places, house.erp, contract, "customers", ["5"], by="m", why=" ")
    with pytest.raises(ValueError, match="erp has no table custmers"):
        replay(house.places, house.erp, contract, ["custmers"])
    assert [row[:2] for row in state(house)] == [("5", "open")]


def test_rows_that_a_replay_let_in_make_a_build_due(house: House) -> None:
    version = "select version from ops.versions where name = 'raw_canonical.customers'"
    house.take(*rows(1, 2, 3, 4), *rows(5, email="kırık"))
    built = house.sql(version)
    house.promise(pattern="^.*$")
    replay(house.places, house.erp, house.contract())
    assert house.load()["customers"].changed == 1
    assert house.sql(version) != built
