"""A served file is brought up to date where it can be, and made anew where it cannot.

That it then holds what the warehouse holds, after any rounds, is in test_touched.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.core.house import House
from tests.core.test_build import company, order
from warehouse import opened, snapshot, tables


def ten(house: House) -> House:
    """Ten customers with an order each."""
    house.land(*({"no": f"{n}", "name": f"Ad {n}", "email": f"{n}@a.tr"} for n in range(1, 11)))
    house.land(*(order(n, n) for n in range(1, 11)), table="orders")
    return built(house)


def built(house: House) -> House:
    house.check()
    house.load()
    house.build()
    return house


def moved(house: House) -> None:
    """An order goes from one customer to another."""
    house.land(order(3, 4), table="orders")


def tampered(house: House, statement: str) -> None:
    """The served file as nothing of ours would leave it."""
    with duckdb.connect(house.places.serving / "warehouse.duckdb") as connection:
        connection.execute(statement)


def test_only_what_changed_is_written_again(house: House) -> None:
    ten(house)
    tampered(house, "update marts.customer_360 set city = 'was here'")
    tampered(house, "insert into marts.stock_levels (product_id) values ('was here')")
    moved(house)
    built(house)
    again = "select ids['erp'] from marts.customer_360 where city is null order by all"
    assert house.served(again) == [(["3"],), (["4"],)]
    assert house.served("select count(distinct customer_id) from marts.orders") == [(9,)]
    assert house.served("select product_id from marts.stock_levels") == [("was here",)]


def of_another_build(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("update meta.build set build_id = 'another'")
        connection.execute("delete from marts.customer_360")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(of_another_build, id="another build"),
        pytest.param(lambda path: path.write_bytes(b"no database"), id="damaged"),
        pytest.param(Path.unlink, id="gone"),
    ],
)
def test_a_file_that_cannot_be_gone_on_with_is_made_anew(
    house: House, spoil: Callable[[Path], None]
) -> None:
    ten(house)
    spoil(house.places.serving / "warehouse.duckdb")
    moved(house)
    built(house).hold_served()


def test_a_table_made_by_another_text_is_served_anew(house: House) -> None:
    ten(house)
    tampered(house, "update marts.customer_360 set city = 'was here'")
    house.sql(
        """update ops.versions set version = 'other'
            where name = 'served.built.marts.customer_360'"""
    )
    moved(house)
    built(house).hold_served()


def test_full_of_holes_it_is_made_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ten(house)
    tampered(house, "insert into marts.stock_levels (product_id) values ('was here')")
    monkeypatch.setattr(snapshot, "HOLES", -1.0)
    moved(house)
    built(house).hold_served()


def test_after_a_build_that_was_not_served_nothing_is_missing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ten(house)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(snapshot, "remember", killed)
        moved(house)
        with pytest.raises(KeyboardInterrupt):
            built(house)
    house.land(order(5, 6), table="orders")
    built(house).hold_served()


def test_a_comment_that_is_no_more_goes(house: House) -> None:
    company(house).build()
    tampered(house, "comment on table meta.build is 'old'")
    tampered(house, "create table marts.gone as select 1 as one")
    house.land(order(3, 1), table="orders")
    built(house)
    comment = "select comment from duckdb_tables() where table_name = 'build'"
    assert house.served(comment) != [("old",)]
    house.hold_served()


def test_texts_are_told_how_they_are_compressed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "SAMPLE", 1000)
    rows = 2 * 122_880  # two row groups: what is left for the checkpoint is tried in all ways
    path = house.places.serving / "warehouse.duckdb"
    path.parent.mkdir()
    with opened(house.places) as connection:
        tables.ensure(connection)
        connection.execute(
            f"""create schema marts; create table marts.things as
                select printf('ürün %d', n) as name, n % 3 = 0 as odd, null::text as none,
                    printf('%d', n % 4) as kind, [kind] as kinds,
                    if(n % 999 = 0, repeat('uzun', 60000), name) as long,
                    if(n % 999 = 0, repeat('uzun', 90000), kind) as few_long,
                    map {{'a': [few_long]}} as longs, map {{kind: n::decimal(38, 2)}} as amounts
                from range({rows}) as numbers(n)"""
        )
        snapshot.write(connection, path, ("marts",), {}, {}, goes_on=False)
        connection.execute(f"attach '{path}' as served (read_only)")
        same = "from served.marts.things except all from warehouse.marts.things"
        assert connection.execute(same).fetchall() == []
        assert connection.execute("select count(*) from served.marts.things").fetchall() == [
            (rows,)
        ]
        connection.execute("use served")
        found = connection.execute(
            """select distinct column_name, compression from pragma_storage_info('marts.things')
                where segment_type = 'VARCHAR' and column_name in ('name', 'kind', 'kinds')
                order by all"""
        ).fetchall()
        connection.execute("use warehouse")
        left = connection.execute("select current_setting('force_compression')").fetchall()
    assert found == [("kind", "Dictionary"), ("kinds", "FSST"), ("name", "FSST")]
    assert left == [("auto",)]
