"""Served files explain themselves, belong together, and hold nothing that breaks a promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import warehouse.build
from tests.core.house import NOON, House
from tests.core.test_build import company, order
from tests.core.test_check import rows
from warehouse import memory
from warehouse.build import TRANSFORMS, Model, discover
from warehouse.outgoing import Broken

BOTH = ("warehouse.duckdb", "desk.duckdb")


def build_ids(house: House) -> list[str]:
    return [house.served("select build_id from meta.build", name)[0][0] for name in BOTH]


def news(house: House, number: int = 9) -> None:
    house.land(order(number, 1), table="orders")
    house.check()
    house.load()


def rewritten(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[str], str]) -> None:
    """One model says something else."""

    def models(root: Path) -> list[Model]:
        return [
            replace(model, sql=change(str(model.sql)), digest="changed")
            if model.name == name
            else model
            for model in discover(root)
        ]

    monkeypatch.setattr(warehouse.build, "discover", models)


def test_no_served_table_or_column_is_without_a_comment(house: House) -> None:
    company(house).build()
    for kind, names in (("tables", "table_name"), ("columns", "table_name, column_name")):
        silent = f"""select schema_name, {names} from duckdb_{kind}()
            where database_name = 'served' and coalesce(comment, '') = ''"""
        assert house.served(silent) == []
    schemas = "select distinct schema_name from duckdb_tables() where database_name = 'served'"
    assert {row[0] for row in house.served(schemas)} == {"marts", "metrics", "ops", "meta"}


def test_a_served_file_says_which_build_it_is(house: House) -> None:
    company(house).build()
    [(build, as_of, form, kopru, duckdb)] = house.served(
        "select build_id, as_of, format, kopru_version, duckdb_version from meta.build"
    )
    assert (len(build), as_of, form) == (32, NOON.replace(tzinfo=None), 1)
    assert kopru
    assert duckdb
    assert build_ids(house) == [build, build]
    parquet = house.places.serving / "parquet"
    assert {file.stem for file in parquet.iterdir()} >= {"customer_360", "omnichannel_share"}
    metadata = f"select distinct value::varchar from parquet_kv_metadata('{parquet}/*.parquet')"
    assert memory().execute(metadata).fetchall() == [(build,)]
    news(house)
    house.build()
    assert len({build, *build_ids(house)}) == 2


def test_it_says_how_far_its_data_reaches(house: House) -> None:
    company(house)
    taken = house.land(*rows(4, 6, 7, 8), *rows(5, email="kırık"), gone=("2",))
    house.check()
    house.load()
    house.promise(quality="[{metric: rowCount, mustBeGreaterThan: 90}]")
    refused = house.land(*rows(9))
    house.check()
    house.load()
    house.build()
    found = house.served(
        """select load_id, epoch(loaded_from)::varchar, rows, waiting, contract, contract_version,
            accepted, reason is not null from meta.loads order by table_name"""
    )
    assert found[0] == (taken, taken, 6, 1, "made_up.odcs", "1.0.0", False, True)
    assert refused > taken
    assert found[1][2:] == (2, 0, "made_up.odcs", "1.0.0", True, False)


def test_it_says_which_promises_hold(house: House) -> None:
    company(house)
    house.land(*rows(4, 6, 7, 8), *rows(5, email="kırık"))
    house.check()
    house.load()
    house.build()
    found = dict(
        (row[0], row[1:])
        for row in house.served(
            "select table_name, contract, version, state, failing from meta.contracts"
        )
    )
    assert found["erp.customers"] == ("made_up.odcs", "1.0.0", "broken", "email.pattern (error)")
    assert found["erp.orders"] == ("made_up.odcs", "1.0.0", "held", None)
    assert found["marts.products"][0::2] == ("marts", "held")
    assert found["activation.hubspot_contacts"][0::2] == ("activation", "held")
    tables = house.served(
        """select concat(schema_name, '.', table_name) from duckdb_tables()
        where database_name = 'served' and schema_name in ('marts', 'metrics')"""
    )
    assert {row[0] for row in tables} <= found.keys()


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (
            "activation.soap_customers",
            "select * replace ('nobody' as customer_id) from ({})",
            r"activation\.soap_customers: customer_id\.pattern fails 3 times",
        ),
        (
            "activation.hubspot_contacts",
            "select *, 1 as surprise from ({})",
            r"hubspot_contacts: columns differ from the contract: \['surprise'\]",
        ),
        (
            "activation.customer_facts",
            "select * replace ('c_000000000000' as customer_id) from ({})",
            r"customer_facts\.customers_are_known does not hold",
        ),
        (
            "marts.products",
            "select * replace (price::double as price) from ({})",
            r"products: price is DOUBLE, promised is DECIMAL\(18,4\)",
        ),
    ],
)
def test_nothing_that_breaks_its_promise_is_served_or_published(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, change: str, words: str
) -> None:
    company(house).build()
    before = build_ids(house)
    given = house.served("select * from activation.soap_customers order by all", "desk.duckdb")
    news(house)
    rewritten(monkeypatch, name, change.format)
    with pytest.raises(Broken, match=words):
        house.build()
    assert build_ids(house) == before
    still = house.served("select * from activation.soap_customers order by all", "desk.duckdb")
    assert still == given


def test_a_mart_nobody_promised_is_not_served(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(house)
    [dates] = [model for model in discover(TRANSFORMS) if model.name == "marts.dates"]
    more = [*discover(TRANSFORMS), replace(dates, name="marts.days")]
    monkeypatch.setattr(warehouse.build, "discover", lambda root: more)
    with pytest.raises(Broken, match=r"marts\.days: no contract promises it\. Mend the model"):
        house.build()


def test_a_model_that_is_no_more_is_not_served_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(house).build()
    parquet = house.places.serving / "parquet"
    (parquet / "old_mart.parquet").write_bytes(b"of a mart that is no more")
    house.sql("create table staging.old as select 1 as one")
    news(house)
    house.build()
    assert not (parquet / "old_mart.parquet").exists()
    assert house.sql("select * from duckdb_tables() where table_name = 'old'") == []
    fewer = [model for model in discover(TRANSFORMS) if model.name != "marts.dates"]
    monkeypatch.setattr(warehouse.build, "discover", lambda root: fewer)
    with pytest.raises(Broken, match=r"marts\.dates: is promised, and no model makes it"):
        house.build()


@pytest.mark.parametrize("dies_at", ["customer_360.parquet", *BOTH])
def test_killed_between_two_files_the_next_build_serves_all(
    house: House, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    """And until then a reader can tell that they do not belong together."""
    company(house).build()
    old = build_ids(house)
    news(house)
    replace_file = Path.replace

    def dies(path: Path, target: Path) -> Path:
        if target.name == dies_at:
            raise KeyboardInterrupt
        return replace_file(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            house.build()
    between = build_ids(house)
    assert between[1] == old[1]
    assert (between[0] == old[0]) == (dies_at != "desk.duckdb")
    assert warehouse.build.is_due(house.places, [house.erp])
    house.build()
    assert len({*old, *build_ids(house)}) == 2
    assert len(set(build_ids(house))) == 1
    assert house.served("select count(*) from marts.orders") == [(3,)]
    assert list(house.places.serving.rglob(".*")) == []
    assert not warehouse.build.is_due(house.places, [house.erp])


def test_files_of_an_older_version_are_served_anew(house: House) -> None:
    company(house).build()
    path = house.places.serving / "desk.duckdb"
    path.unlink()
    with memory() as connection:
        connection.execute(f"attach '{path}' as old; create schema old.identity; detach old")
    assert house.build().built == []
    assert len(set(build_ids(house))) == 1
