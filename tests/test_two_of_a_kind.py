"""Two systems of one kind share its raw tables and stay apart in everything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from systems import System
from tests import legacy
from tests.house import House
from tests.kinds import KINDS, Kind, Running

ENTRIES = {
    "woocommerce": '[{name}]\nkind = "woocommerce"\nonly = ["customers", "orders"]\n',
    "soap": '[{name}]\nkind = "soap"\npreset = "dolibarr"\nonly = ["customers", "orders"]\n',
}


@pytest.fixture(params=[kind for kind in KINDS if kind.name in ENTRIES], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def served(kind: Kind) -> Iterator[list[Running]]:
    """Two systems with the same record numbers and other people."""
    with ExitStack() as stack:
        first = stack.enter_context(kind.running(customers=25, orders=6))
        second = stack.enter_context(kind.running(customers=20, orders=4))
        for number in second.store.customers:
            second.change(number, city="Bursa")
        yield [first, second]


def named(kind: Kind, name: str, running: Running) -> System:
    """An entry of systems.toml under this name, with that server's connection."""
    system = legacy.parsed(ENTRIES[kind.name].format(name=name))
    return system.connected(running.system.connection)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def cities(house: House, system: System) -> dict[str, str]:
    return {key: row["city"] for key, row in house.rows(system, "customers").items()}


def test_the_same_numbers_in_two_systems_are_two_records(
    kind: Kind, served: list[Running], house: House
) -> None:
    here, there = named(kind, "here", served[0]), named(kind, "there", served[1])
    assert house.round(here) == house.round(there) == []
    assert set(cities(house, here).values()) == {"Muğla"}
    assert set(cities(house, there).values()) == {"Bursa"}
    assert (len(cities(house, here)), len(cities(house, there))) == (25, 20)
    assert len(house.rows(here, "orders")) == 6
    assert len(house.rows(there, "orders")) == 4


def test_what_leaves_or_changes_in_one_stays_as_it_was_in_the_other(
    kind: Kind, served: list[Running], house: House
) -> None:
    here, there = named(kind, "here", served[0]), named(kind, "there", served[1])
    house.round(here)
    house.round(there)
    before = cities(house, here)
    del served[1].store.customers["7"]
    served[1].change("8", city="İzmit")
    assert house.round(there) == []
    assert cities(house, here) == before
    assert "7" not in cities(house, there)
    assert cities(house, there)["8"] == "İzmit"


def test_another_server_is_pulled_by_its_connection_alone(
    kind: Kind, served: list[Running], house: House
) -> None:
    """Nothing of the server before it stays, and no watermark of it hides what is older."""
    first, second = named(kind, "mine", served[0]), named(kind, "mine", served[1])
    for order in served[1].store.orders.values():
        order.updated_at -= timedelta(days=30)
    assert house.round(first) == []
    served[1].store.orders["2001"] = replace(served[1].store.orders.pop("1004"), record="2001")
    assert house.round(second) == []
    assert set(cities(house, second).values()) == {"Bursa"}
    assert len(house.rows(second, "customers")) == 20
    assert house.rows(second, "orders").keys() == {"1001", "1002", "1003", "2001"}
    assert house.round(second) == []
    assert len(house.rows(second, "orders")) == 4
