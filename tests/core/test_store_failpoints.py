"""A pull into an object store that is killed, at every phase: the next one makes it good."""

from __future__ import annotations

import pytest

from tests.core.house import House, Shelf
from tests.core.on_store import on_store
from tests.core.test_failpoints import DEAD, FAILPOINTS, dies, ended, shop, whole

__all__ = ["shop"]  # a fixture: landed once, in the store


@pytest.fixture
def house(house: House, server: str, address: str) -> House:
    return on_store(house, server, address)


@pytest.mark.parametrize("phase", ["announced", "loaded", "copied"])  # files are on their way
def test_killed_in_any_phase_the_next_pull_is_complete(
    house: House, shop: Shelf, server: str, address: str, phase: str
) -> None:
    def arm() -> None:
        child = on_store(house, server, address)  # connections do not outlive a fork
        if phase == "copied":  # its manifest is in its place, and still waits as well
            dies(child.places.landing.fs, "cp_file", 1, after=True)  # type: ignore[union-attr]
        else:
            FAILPOINTS[phase](shop, 1)

    assert ended(arm, house.pull) == DEAD, f"{phase} was not reached"
    whole(house, shop)
