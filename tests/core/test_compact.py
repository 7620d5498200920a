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

import systems
import warehouse.check
import warehouse.landing
from tests.core.house import House, counted
from tests.core.test_failpoints import DEAD, dies, ended
from tests.core.test_quarantine import ANYTHING
from warehouse import Places, compact, layers, opened
from warehouse.compact import Compacted
from warehouse.held import Held
from warehouse.landing import Landing, LandingError
from warehouse.load import load as load_all
from warehouse.locks import Taken, alone
from warehouse.quarantine import dismiss, replay
from warehouse.rebuild import rebuild

FULL = bool(os.environ.get("FULL"))
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


@pytest.mark.timeout(3600 if FULL else 120)
@settings(
    max_examples=400 if FULL else 5,
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
    assert len(loads(house)) <= max(layers.LAYERS, len(loads(plain)))


def row(key: str, name: str, email: str = GOOD) -> dict[str, str]:
    return {"no": key, "name": name, "email": email}


@pytest.fixture
def old(house: House) -> House:
    """Three loads; a row is bad, one is gone, one changed twice."""
    house.take(*(row(key, "A") for key in "12345678"), row("9", "A", BAD))
    house.take(row("1", "B"), gone=("2",))
    house.take(row("1", "C"), row("9", "B", BAD), *(row(key, "B") for key in "345678"))
    return house


def test_three_layers_at_most_are_left_and_rows_keep_their_load(old: House) -> None:
    landed = sum(one.manifest.rows for one in Landing(old.places.landing).loads("erp", "customers"))
    done = compacted(old, old.clock)
    assert (done.loads, done.rows, done.kept) == (3, 19, 10)
    assert done.freed > 0
    assert loads(old) == ["1700000003.5002", "1700000003.5003"]
    newest = {one["_key"]: one for one in old.landed()}
    assert newest["1"]["_load_id"] == "1700000003.5"
    assert (newest["2"]["_load_id"], newest["2"]["_change"]) == ("1700000002.5", "deleted")
    found = Landing(old.places.landing).loads("erp", "customers")
    assert sum(one.manifest.rows for one in found) == landed
    assert old.sql("select load_id, accepted from ops.loads order by all") == [
        ("1700000003.5002", True),
        ("1700000003.5003", True),
    ]
    assert compacted(old, old.clock) == Compacted("erp", "customers")
    old.take(row("3", "C"))
    assert compacted(old, old.clock).loads == 3
    assert loads(old) == ["1700000004.5002", "1700000004.5003"]


def test_young_loads_stay_as_they_are(old: House) -> None:
    assert compacted(old, old.clock - 1).loads == 2
    assert loads(old) == ["1700000002.5002", "1700000002.5003", "1700000003.5"]


def test_what_is_not_in_the_warehouse_is_never_merged_nor_what_came_after(old: House) -> None:
    refused = old.land(*(row(key, "C", BAD) for key in "12345678"))
    old.check()
    old.load()
    old.take(*(row(key, "D") for key in "1"))
    unchecked = old.land(row("2", "E"))
    assert compacted(old, old.clock).loads == 3
    assert loads(old)[-3:] == [refused, "1700000005.5", unchecked]
    old.promise(pattern=ANYTHING)
    checked = old.land(row("2", "F"))
    old.check()
    assert compacted(old, old.clock).loads == 0
    assert loads(old)[-4:] == [refused, "1700000005.5", unchecked, checked]
    old.load()
    assert compacted(old, old.clock).loads == 6


def test_people_work_on_a_quarantine_that_was_compacted(old: House) -> None:
    compacted(old, old.clock)
    said = {"by": "ayse", "why": "so"}
    dismiss(old.places, old.erp, old.contract(), "customers", ["9"], **said)
    old.load()
    query = "select key, state, first_load, last_load from quarantine.rows"
    where = ("1700000001.5", "1700000003.5")
    assert old.sql(query) == [("9", "dismissed", *where)]
    old.promise(pattern=ANYTHING)
    assert [one.good for one in replay(old.places, old.erp, old.contract(), **said)] == [1]
    old.load()
    assert old.sql(query) == [("9", "released", *where)]
    assert ("9", "B", None) in old.raw()
    before = state(old.places)
    old.take(row("1", "D"))
    compacted(old, old.clock)
    rebuild(old.places, [old.erp])
    assert state(old.places).quarantine == before.quarantine
    assert ("9", "B", None) in old.raw()


@pytest.mark.parametrize(
    ("owner", "name", "hit"),
    [
        (layers, "_copy", 1),
        (layers, "_copy", 3),
        (compact, "write_json", 1),
        (compact, "write_json", 2),
        (Landing, "add", 1),
        (warehouse.landing, "write_json", 1),
        (warehouse.landing, "write_json", 2),
        (compact, "_note", 1),
        (Landing, "sweep", 1),
        (Path, "unlink", 3),
        (Path, "unlink", 5),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_moment_the_next_run_makes_it_good(
    old: House, empty: Path, owner: Any, name: str, hit: int, after: bool
) -> None:
    before = rebuilt(old, empty)

    def work() -> None:
        compacted(old, old.clock)

    assert ended(lambda: dies(owner, name, hit, after=after), work) == DEAD, "was not reached"
    assert rebuilt(old, empty) == before
    old.load()
    assert state(old.places) == before
    compacted(old, old.clock)
    assert rebuilt(old, empty) == before
    assert loads(old) == ["1700000003.5002", "1700000003.5003"]
    files = {path.name for path in (old.places.landing / "erp" / "customers").iterdir()}
    assert not [name for name in files if not name.startswith("1700000003.500")]


def test_a_pull_that_runs_keeps_its_files_until_the_next_compaction(old: House) -> None:
    with alone(old.places.landing, "erp"):
        assert compacted(old, old.clock).freed == 0
    assert "1700000001.5" in loads(old)
    assert [one.id for one in Landing(old.places.landing).loads("erp", "customers")] == [
        "1700000003.5002",
        "1700000003.5003",
    ]
    assert compacted(old, old.clock).freed > 0
    assert "1700000001.5" not in loads(old)


def test_a_replay_and_a_compaction_exclude_each_other(old: House) -> None:
    with alone(old.places.landing, "erp", "rewritten"):
        with pytest.raises(Taken, match="erp is being rewritten by another process"):
            compacted(old, old.clock)
        with pytest.raises(Taken, match="Wait for it to end"):
            replay(old.places, old.erp, old.contract())


def test_the_next_pull_lands_nothing_twice_and_sees_what_is_gone(house: House) -> None:
    shelf = house.shelves["customers"].put(1, 2, 3, 4, email=GOOD)
    for name in "ABC":
        shelf.put(1, 2, name=name)
        assert house.pull().rows
        house.check()
        house.load()
    assert compacted(house, 4_000_000_000).loads == 3
    assert house.pull().rows == 0
    shelf.put(1, name="D")
    del shelf.rows["2"]
    assert (house.pull().rows, house.pull().rows) == (2, 0)
    house.check()
    house.load()
    assert [(key, change) for key, _, change in house.raw()][:2] == [("1", None), ("2", "deleted")]


def test_loads_too_near_to_each_other_are_not_merged(house: House) -> None:
    house.take(row("1", "A"))
    house.take(row("1", "B"))
    folder = house.places.landing / "erp" / "customers"
    near = "1700000002.50005"
    for path in folder.glob("1700000002.5.*"):
        shutil.copy(path, folder / path.name.replace("1700000002.5", near))
    path = folder / f"{near}.json"
    path.write_text(path.read_text().replace('"load": "1700000002.5"', f'"load": "{near}"'))
    (folder / f"{near}.checked.json").unlink()
    with pytest.raises(LandingError, match="too near to each other"):
        compacted(house, house.clock)


@pytest.mark.parametrize("days", ["-1", "1.5", "true", '"30"'])
def test_keep_days_is_a_number_of_days(tmp_path: Path, days: str) -> None:
    path = tmp_path / "systems.toml"
    path.write_text('[erp]\nkind = "soap"\nkeep_days = 30\n[till]\nkind = "files"\n')
    assert [system.keep_days for system in systems.load(path).values()] == [30, 90]
    path.write_text(f'[erp]\nkind = "soap"\nkeep_days = {days}\n')
    with pytest.raises(systems.SystemsError, match=r"\[erp\]: keep_days must be a whole number"):
        systems.load(path)
