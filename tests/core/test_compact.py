"""Compaction: whatever was landed, a rebuild, the next pull and people's work go on the same.

FULL=1 tries many more histories.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import warehouse.check
from tests.core.house import House, counted
from tests.core.test_failpoints import DEAD, dies, killed
from tests.core.test_quarantine import ANYTHING
from warehouse import Places, compact, opened
from warehouse.compact import Compacted
from warehouse.held import Held
from warehouse.landing import Landing
from warehouse.load import load as load_all
from warehouse.locks import Taken, alone
from warehouse.quarantine import dismiss, replay

KEYS = [str(number) for number in range(1, 5)]


class Land(NamedTuple):
    """`rows`: key -> name and e-mail; a null row is gone, in the way its name says."""

    rows: dict[str, tuple[str, str | None]]


class Take(NamedTuple):
    """Check and load, under this rule for e-mails."""

    pattern: str | None


class Replay(NamedTuple):
    pattern: str


class Dismiss(NamedTuple):
    key: str


GOOD, BAD = "a@a.tr", "yok"
WAYS = [("A", GOOD), ("B", GOOD), ("A", BAD), ("B", BAD), ("deleted", None), ("archived", None)]
lands = st.builds(
    Land, st.dictionaries(st.sampled_from(KEYS), st.sampled_from(WAYS), min_size=1, max_size=4)
)
takes = st.builds(Take, st.sampled_from([None, None, ANYTHING]))
steps = (
    lands | lands | takes | st.just(Replay(ANYTHING)) | st.builds(Dismiss, st.sampled_from(KEYS))
)
Step = Land | Take | Replay | Dismiss
# So many rows at first that a few bad ones are no reason to refuse a load.
MANY = Land({str(number): ("A", GOOD) for number in range(100, 140)})


def live(house: House, history: Sequence[Step]) -> None:
    for step in history:
        if isinstance(step, Land):
            rows = [
                {"no": key, "name": name, "email": email}
                for key, (name, email) in step.rows.items()
                if email
            ]
            for how in ("deleted", "archived"):
                gone = tuple(key for key, way in step.rows.items() if way == (how, None))
                if gone or rows:
                    house.land(*rows, gone=gone, how=how)
                rows = []
        elif isinstance(step, Take):
            taken(house, step.pattern)
        elif isinstance(step, Replay):
            house.promise(pattern=step.pattern)
            replay(house.places, house.erp, house.contract(), by="a", why="b")
            house.promise()
        else:
            try:
                said = {"by": "a", "why": "b"}
                dismiss(house.places, house.erp, house.contract(), "customers", [step.key], **said)
            except ValueError:
                pass  # it does not wait
    taken(house)


def taken(house: House, pattern: str | None = None) -> None:
    house.promise(**({"pattern": pattern} if pattern else {}))
    house.check()
    house.load()
    house.promise()


@dataclass
class State:
    raw: list[Any]
    quarantine: list[Any]
    held: list[Any]


def rebuilt(house: House, empty: Path) -> State:
    """What landing and journal alone make. `empty`: a warehouse that holds nothing."""
    folder = house.folder / "again"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(empty, folder)
    places = replace(house.places, data=folder, warehouse=str(folder / "warehouse.duckdb"))
    load_all(places, house.erp, house.contract())
    return state(places)


def again(house: House, folder: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same company, once more."""
    shutil.copytree(house.folder, folder, dirs_exist_ok=True)
    other = House(folder, monkeypatch)
    other.clock = house.clock
    return other


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        house = House(tmp_path_factory.mktemp("empty"), patch)
        house.load()
        yield house.folder


def state(places: Places) -> State:
    with opened(places) as connection:
        raw = connection.execute("from raw_canonical.customers order by all").fetchall()
        query = "select * replace (row::varchar as row) from quarantine.rows order by all"
        quarantine = connection.execute(query).fetchall()
    parts = Landing(places.landing).newest_first("erp", "customers")
    with closing(Held(places.data, parts)) as memory:
        held = memory.connection.execute("from held order by all").fetchall()
    return State(raw, quarantine, held)


def compacted(house: House, up_to: int) -> Compacted:
    """Of the loads landed until that second."""
    now = datetime.fromtimestamp(up_to, UTC) + timedelta(days=house.erp.keep_days, seconds=0.9)
    done = compact.compact(house.places, house.erp, house.contract(), now=now)
    return next(one for one in done if one.table == "customers")


def loads(house: House) -> list[str]:
    return Landing(house.places.landing).load_ids("erp", "customers")


@settings(
    max_examples=400 if os.environ.get("FULL") else 5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    # Bad, good, the same good again, gone, back but bad: all that has to stay of one key.
    history=[Land({"1": way}) for way in (WAYS[0], WAYS[2], WAYS[0], WAYS[4], WAYS[3])],
    later=[Land({"1": ("deleted", None)})],
    cut=99,
)
@example(history=[Land({"1": ("A", BAD)}), Take(None), Replay(ANYTHING)], later=[], cut=99)
@given(
    history=st.lists(steps, max_size=8), later=st.lists(steps, max_size=4), cut=st.integers(1, 9)
)
def test_nobody_can_tell_that_the_landing_was_compacted(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    empty: Path,
    history: list[Step],
    later: list[Step],
    cut: int,
) -> None:
    monkeypatch.setattr(warehouse.check, "validate", counted)
    house = again(House(empty, monkeypatch), tmp_path_factory.mktemp("compact"), monkeypatch)
    start = house.clock
    live(house, [MANY, *history])
    plain = again(house, tmp_path_factory.mktemp("plain"), monkeypatch)
    alive = state(house.places)
    compacted(house, start + cut)
    assert rebuilt(house, empty) == rebuilt(plain, empty)
    assert state(house.places) == alive
    assert house.load()["customers"].loads == 0

    for each in (house, plain):
        live(each, later)
    assert state(house.places) == state(plain.places)
    compacted(house, house.clock)
    assert rebuilt(house, empty) == rebuilt(plain, empty)
    assert len(loads(house)) <= max(compact.LAYERS, len(loads(plain)))
