"""Build, serve, rebuild: by difference, in order, whole or not at all."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

import transforms
import warehouse.build
from systems import System
from tests.core.house import CUSTOMERS, House, write_contract
from tests.core.test_check import rows
from warehouse import memory, snapshot
from warehouse.build import TRANSFORMS, discover, reads
from warehouse.outgoing import Broken
from warehouse.rebuild import rebuild
from warehouse.serve import Written, _swap, _sweep

MARTS = ("customer_360", "orders", "order_lines", "dates")


def order(number: int, customer: int, **values: Any) -> dict[str, Any]:
    lines = [{"line_id": 1, "total": "10.00"}, {"line_id": 2, "total": "2.50"}]
    row = {"no": f"o{number}", "customer_key": str(customer), "ordered_at": "2026-05-01T22:30:00Z"}
    return {**row, "currency": "TRY", "total": "12.50", "lines": lines, **values}


def company(house: House) -> House:
    """Three customers, two of whom are one person; two orders."""
    house.land(*rows(1, 2, tax_number="1234567890"), *rows(3, email="1@a.tr", balance="7.25"))
    house.land(order(1, 1), order(2, 3, currency="EUR"), table="orders")
    house.check()
    house.load()
    return house


def content(house: House) -> dict[str, set[Any]]:
    return {mart: set(map(repr, house.served(f"select * from marts.{mart}"))) for mart in MARTS}


def test_models_come_after_what_they_read() -> None:
    models = discover(TRANSFORMS)
    names = [model.name for model in models]
    for position, model in enumerate(models):
        for read in model.reads & set(names):
            assert names.index(read) < position, (read, model.name)
        assert model.description.startswith("One row"), model.name
    assert {f"marts.{mart}" for mart in MARTS} <= set(names)


def test_a_table_without_its_schema_is_refused() -> None:
    path = Path("x.sql")
    assert reads("with a as (select 1) select * from a join b.c using (d)", path) == {"b.c"}
    with pytest.raises(ValueError, match=r"x\.sql: write orders as schema\.table"):
        reads("select * from orders", path)


def test_the_marts_say_what_the_systems_said(house: House) -> None:
    company(house).build()
    found = house.served(
        "select order_count, revenue, ids, open_balance, is_omnichannel "
        "from marts.customer_360 order by order_count desc"
    )
    assert len(found) == 2
    assert {k: str(v) for k, v in found[0][1].items()} == {"EUR": "12.50", "TRY": "12.50"}
    assert (found[0][0], found[0][2], found[0][4]) == (2, {"erp": ["1", "3"]}, False)
    assert {k: str(v) for k, v in found[0][3].items()} == {"TRY": "7.25"}
    assert house.served("select sum(total), count(*) from marts.order_lines")[0][1] == 4


def test_a_build_with_nothing_new_does_nothing(house: House) -> None:
    company(house)
    assert house.build().built
    stamp = (house.places.serving / "warehouse.duckdb").stat().st_mtime_ns
    assert house.build().built == []
    assert (house.places.serving / "warehouse.duckdb").stat().st_mtime_ns == stamp


def test_only_models_whose_inputs_changed_are_built(house: House) -> None:
    company(house).build()
    house.land(order(3, 1), table="orders")
    house.check()
    house.load()
    built = house.build().built
    assert "marts.orders" in built
    assert "staging.canonical_orders" in built
    assert not {"staging.canonical_customers", "staging.shopify_orders"} & set(built)


def test_killed_between_build_and_serve_the_next_build_serves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    company(house)
    with monkeypatch.context() as patched:
        patched.setattr(warehouse.build, "serve", dies)
        with pytest.raises(KeyboardInterrupt):
            house.build()
    assert not house.places.serving.exists()
    house.build()
    assert house.served("select count(*) from marts.customer_360") == [(2,)]
    (house.places.serving / "desk.duckdb").unlink()
    house.build()
    assert house.served("select count(*) from identity.customers", "desk.duckdb") == [(3,)]


def test_a_mart_that_breaks_its_contract_is_not_served(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    company(house).build()
    before = content(house)
    house.land(order(9, 1), table="orders")
    house.check()
    house.load()
    broken = discover(TRANSFORMS)
    [position] = [n for n, model in enumerate(broken) if model.name == "marts.order_lines"]
    sql = f"select * replace (null as line_id) from ({broken[position].sql})"
    broken[position] = replace(broken[position], sql=sql, digest="broken", lineage="broken")
    with monkeypatch.context() as patched:
        patched.setattr(warehouse.build, "discover", lambda root: broken)
        for _ in range(2):
            with pytest.raises(Broken, match=r"order_lines: line_id\.required fails 6 times"):
                house.build()
    assert content(house) == before
    house.build()
    assert house.served("select count(*) from marts.orders") == [(3,)]


def test_an_order_whose_lines_cannot_be_told_apart_waits(house: House) -> None:
    """One such order kept every mart from being served."""
    twice = [{"line_id": 1}, {"line_id": 1}]
    house.land(*(order(n, 1) for n in range(60)), order(90, 1, lines=twice), table="orders")
    house.land(*rows(1))
    house.check()
    house.load()
    house.build()
    assert house.served("select count(*) from marts.orders") == [(60,)]
    assert house.sql("select key, rules from quarantine.rows") == [
        ("o90", ["lines.line_id.unique"])
    ]


def test_an_order_with_a_head_and_lines_of_its_own_is_one_order(house: House) -> None:
    house.land(order(1, 1, lines=None, total="5.00"), table="orders")
    lines = [{"order_id": o, "line_id": "1", "total": "4.00"} for o in ("o1", "o2")]
    house.land(*lines, table="order_lines", key=("order_id", "line_id"))
    house.check()
    house.load()
    house.build()
    found = house.served("select order_key, total::varchar from marts.orders order by all")
    assert found == [("o1", "5.00"), ("o2", "4.00")]
    assert house.served("select count(*) from marts.order_lines") == [(2,)]


@pytest.mark.parametrize("names", [[], ["erp"], ["shop", "erp"]])
def test_a_company_with_few_systems_or_no_data_gets_a_working_view(
    house: House, names: list[str]
) -> None:
    systems = [System("shop", "shopify"), house.erp]
    if names:
        company(house)
    built = warehouse.build.build(house.places, [s for s in systems if s.name in names])
    assert "marts.customer_360" in built.built
    assert house.served("select count(*) from marts.customer_360") == [(2 if names else 0,)]
    assert house.served("select count(*) from metrics.omnichannel_share") == [(1,)]


def test_the_served_file_explains_itself_and_old_drivers_open_it(house: House) -> None:
    company(house).build()
    comments = dict(
        house.served(
            """select column_name, comment from duckdb_columns()
            where database_name = 'served' and table_name = 'customer_360'"""
        )
    )
    assert comments["customer_id"] == "Köprü's own id of the customer; never reused"
    assert all(comments.values())
    [(tags,)] = house.served("select tags from duckdb_databases() where database_name = 'served'")
    assert tags["storage_version"].startswith("v1.2.0")
    assert (house.places.serving / "parquet" / "customer_360.parquet").exists()


def test_readers_never_see_half_a_swap(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = memory()
    connection.execute("attach ':memory:' as warehouse; use warehouse; create schema marts")
    connection.execute("create schema ops; create table ops.versions (name text, version text)")
    house.places.serving.mkdir()
    path = house.places.serving / "warehouse.duckdb"
    left = path.with_name(f".{path.name}.1.tmp")
    left.write_text("left by a build that was killed")

    def swap(turn: int) -> None:
        connection.execute(
            f"""create or replace table warehouse.marts.sums as
                select i, md5(concat(i, '/', {turn})) as hash, {turn} as turn
                from range(5000) t(i)"""
        )
        _sweep(path.parent)
        aside = path.with_name(".aside.tmp")
        snapshot.write(connection, aside, ("marts",), {}, {}, goes_on=False)
        _swap([Written(aside, path)])

    swap(0)
    assert not left.exists()
    stop, problems, seen = threading.Event(), [], set()

    def read() -> None:
        while not stop.is_set():
            try:
                [(turns, turn, wrong)] = house.served(
                    """select count(distinct turn), max(turn),
                        count(*) filter (hash <> md5(concat(i, '/', turn))) + 5000 - count(*)
                    from marts.sums"""
                )
            except duckdb.Error as error:
                problems.append(error)
            else:
                seen.add(turn)
                problems.extend([turn] if wrong or turns != 1 else [])

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(1, 21):
        swap(turn)
    stop.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert len(seen) > 1


def test_rebuild_gives_the_same_marts_and_the_same_ids(house: House) -> None:
    company(house).build()
    house.land(*rows(4), *rows(1, name="yeni", email="başka@a.tr"), gone=("2",))
    house.land(order(9, 4), table="orders")
    house.check()
    house.load()
    house.build()
    before = content(house)
    ids = set(house.served("select * from identity.customers", "desk.duckdb"))
    lines = sum(len(file.read_bytes()) for file in house.places.journal.rglob("*.jsonl"))
    Path(house.places.warehouse).unlink()
    rebuild(house.places, [house.erp], now=warehouse.build.datetime(2026, 11, 20, 12))
    assert content(house) == before
    assert set(house.served("select * from identity.customers", "desk.duckdb")) == ids
    assert house.load()["customers"].loads == 0
    assert sum(len(f.read_bytes()) for f in house.places.journal.rglob("*.jsonl")) == lines
    assert not list(house.folder.glob("*.rebuild*"))


def test_a_value_promised_unique_is_compared_over_all_loads(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    unique = CUSTOMERS.replace("{{name: phone, ", "{{name: phone, unique: true, ")
    write_contract(house.folder / "made_up.odcs.yaml", text=unique)
    for number in (1, 2):  # each load alone keeps the promise
        house.land(*rows(number, phone="05321234567"))
        house.check()
        house.load()
    house.build()
    assert "erp.customers: phone.unique does not hold over all loads" in caplog.text
    noted = "select load_id, rule, failed from ops.contract_results where load_id = 'build'"
    assert house.sql(noted) == [("build", "phone.unique", 1)]
    assert len(house.served("select * from identity.customers", "desk.duckdb")) == 2
    house.land(*rows(2, phone="05321234568"))
    house.check()
    house.load()
    house.build()
    assert house.sql(noted) == [("build", "phone.unique", 0)]


def test_what_python_models_share_is_text_of_each_that_imports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another shared file makes their tables anew; those of models without it stay."""
    root = tmp_path / "transforms"
    (root / "made_up").mkdir(parents=True)
    monkeypatch.setattr(transforms, "__path__", [*transforms.__path__, str(root)])
    (root / "made_up/_rates.py").write_text("RATE = 1\n")
    model = '"""One row."""\nfrom transforms.made_up._rates import RATE\nREADS = ()\n'
    (root / "made_up/with_it.py").write_text(model)
    (root / "made_up/without.py").write_text('"""One row: no transforms here."""\nREADS = ()\n')
    before = {model.name: model.lineage for model in discover(root)}
    assert set(before) == {"made_up.with_it", "made_up.without"}
    (root / "made_up/_rates.py").write_text("RATE = 2\n")
    after = {model.name: model.lineage for model in discover(root)}
    assert [name for name in before if before[name] != after[name]] == ["made_up.with_it"]
