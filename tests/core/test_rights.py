"""A person's rights over everything that is kept: to be told, and to be forgotten."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import warehouse.check
import warehouse.erasure
from tests.core.house import NOON, House, counted
from tests.core.on_store import on_store
from transforms.staging.identifiers import NORMAL
from warehouse import memory, opened, proof
from warehouse.erasure import Forgetting, forget
from warehouse.export import export
from warehouse.forgotten import KEY, KeyMissing
from warehouse.journal import Journal
from warehouse.locks import Taken, alone
from warehouse.person import find
from warehouse.rebuild import rebuild

AYSE = {
    "no": "1",
    "name": "Ayşe İnce Yılmaz",
    "email": "Ayse.Ince@example.com",
    "phone": "0532 111 22 33",
    "tax_number": "10000000078",
    "at": "2026-11-01T10:00:00Z",
}
VELI = {"no": "2", "name": "Veli Can", "email": "veli@example.com", "at": "2026-11-01T10:00:00Z"}
HERS = ("ayse.ince@example.com", "5321112233", "0532 111 22 33", "ayşe ince yılmaz", "10000000078")


def sale(number: str, customer: str, **more: Any) -> dict[str, Any]:
    return {
        "no": number,
        "customer_key": customer,
        "ordered_at": "2026-11-01T10:00:00",
        "currency": "TRY",
        "total": "10.5",
        "lines": [{"line_id": "a", "total": "10.5"}],
        **more,
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ayşe was loaded, changed, broke a rule, was refused and sent; her order names her in free
    text, and Veli's record does in a note."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse.check, "validate", counted)
        house = House(tmp_path_factory.mktemp("filled"), patch)
        house.take({**AYSE, "name": "Ayse"}, VELI)
        house.take(AYSE, {**VELI, "note": "spouse: Ayşe İnce Yılmaz, ayse.ince@example.com"})
        strangers = [{**VELI, "no": str(n), "email": f"v{n}@example.com"} for n in range(3, 7)]
        house.take({**AYSE, "balance": "much"}, *strangers)
        house.take({**AYSE, "balance": "more"}, {**VELI, "email": "refused"})
        house.land(sale("7", "1", note="for Ayşe İnce Yılmaz"), sale("8", "2"), table="orders")
        house.land(gone=("8",), table="orders")
        house.check()
        house.load()
        house.build()
        _note(house)
        house.load()
        house.build()
    return house.folder


def _note(house: House) -> None:
    journal = Journal(house.places.journal)
    for record in ("1", "2"):
        sent = {"system": "erp", "state": "accepted", "values": {"tier": "gold"}}
        sent["detail"] = f"told {AYSE['email']}"
        line = {**sent, "record": record, "customer_id": id_of(house, record)}
        journal.append("sends", [line])
    pair = {"left_record": "erp/customers/1", "right_record": "erp/customers/2"}
    said = {"decision": "not_same", "decided_by": "me", "why": "spouse"}
    journal.append("identity_overrides", [{**pair, **said}])


@pytest.fixture
def company(house: House, filled: Path) -> House:
    shutil.copytree(filled, house.folder, dirs_exist_ok=True)
    house.clock += 100
    return house


def id_of(house: House, key: str) -> str:
    query = f"select customer_id from identity.customers where record = 'erp/customers/{key}'"
    [(customer,)] = house.sql(query)
    return str(customer)


def forgotten(house: House, who: str = "AYSE.INCE@example.com", **options: Any) -> Forgetting:
    given = {"by": "owner", "why": "letter of 2026-11-20", "apply": True, "now": NOON, **options}
    return forget(house.places, {"erp": house.erp}, who, normal=NORMAL, **given)


def contents(folder: Path) -> Iterator[tuple[Path, str]]:
    """Of every file: its bytes, and of parquet and DuckDB its cells, in small letters."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        said = file.read_bytes().decode("utf-8", "ignore")
        connection = memory()
        if file.suffix == ".parquet":
            said += str(connection.execute(f"from read_parquet('{file}')").fetchall())
        if file.suffix == ".duckdb":
            connection.execute(f"attach '{file}' as it (read_only)")
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'it'"
            ).fetchall()
            for schema, name in names:
                said += str(connection.execute(f'from it."{schema}"."{name}"').fetchall())
        connection.close()
        yield file, said.lower().replace("i̇", "i")


def where(house: House) -> list[str]:
    """Files that name her."""
    return [
        str(file.relative_to(house.folder))
        for file, said in contents(house.folder)
        if any(word in said for word in HERS)
    ]


def test_nothing_of_her_is_left_in_any_file(company: House) -> None:
    export(company.places, {"erp": company.erp}, "erp/customers/1", normal=NORMAL)
    before = where(company)
    for place in ("landing/erp/customers", "warehouse.duckdb", "serving/parquet", "exports"):
        assert any(name.startswith(place) for name in before), place
    done = forgotten(company)
    assert done.problem is None
    assert where(company) == []
    company.build()
    assert where(company) == []


def others(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of everybody else; orders of nobody are not theirs."""
    with opened(house.places) as connection:
        names = connection.execute(
            """select table_schema || '.' || table_name from information_schema.columns
                where column_name = 'customer_id' and table_catalog = 'warehouse'
                    and table_schema in ('marts', 'identity', 'activation')"""
        ).fetchall()
        found = {
            name: connection.execute(
                f"from {name} where customer_id is not null order by all"
            ).fetchall()
            for (name,) in names
        }
        for table in ("customers", "orders", "order_lines"):
            found[table] = connection.execute(
                f"""select * exclude (_hash, _extra) from raw_canonical.{table}
                    where _key not in ('1', '7') order by all"""
            ).fetchall()
    return found


def test_everyone_else_is_as_before_and_her_sale_still_counts(company: House) -> None:
    hers = id_of(company, "1")
    before = {
        name: [row for row in rows if hers not in row] for name, rows in others(company).items()
    }
    assert len(before) > 10
    forgotten(company)
    assert others(company) == before
    [order] = company.served("select customer_id, total, status from marts.orders")
    assert order == (None, 10.5, None)
    [row] = company.sql("select customer_key, lines from raw_canonical.orders where _key = '7'")
    assert row == (None, [{"line_id": "a", "product_id": None, "product_name": None,
                           "quantity": None, "unit_price": None, "total": 10.5}])  # fmt: skip


def test_what_is_rewritten_is_still_a_landing_and_a_journal(company: House) -> None:
    forgotten(company)
    assert company.check() == []
    assert {row["_key"] for row in company.landed()} == {"2", "3", "4", "5", "6"}
    [veli, *_] = [row for row in company.landed() if row["_key"] == "2" and "note" in row["_row"]]
    assert json.loads(veli["_row"]) == {**VELI, "note": "***"}
    assert [row["_change"] for row in company.landed("orders")] == [None, None, "deleted"]
    journal = Journal(company.places.journal)
    [sent] = journal.records("sends")
    assert (sent["record"], sent["detail"]) == ("2", "***")
    assert not list(journal.records("identity_overrides"))
    company.take({**VELI, "no": "9", "email": "new@example.com"})
    company.build()
    assert ("9",) in company.sql("select _key from raw_canonical.customers")


def test_a_preview_changes_nothing(company: House) -> None:
    before = where(company)
    done = forgotten(company, apply=False)
    said = {line.place: (line.state, line.count) for line in done.lines}
    assert said["landing erp.customers"] == ("would go", 4)
    assert said["quarantine erp.customers"] == ("would go", 2)
    assert said["journal sends"] == ("would go", 2)  # one goes, in one her address is masked
    assert said["tool erp"] == ("could be asked", 2)
    assert where(company) == before
    assert not list(Journal(company.places.journal).records("forgotten"))


def test_she_does_not_come_back_with_the_next_full_pull(house: House) -> None:
    shelf = house.shelves["customers"].put(2, 3)
    shelf.rows["1"] = AYSE
    assert house.pull().held_back == 0
    taken(house)
    forgotten(house)
    assert where(house) == []
    shelf.rows["1"] = {**AYSE, "shoe_size": "38"}
    shelf.put(9)
    done = house.pull(full=True)
    assert (done.seen, done.rows, done.held_back, done.problem) == (4, 1, 1, None)
    taken(house)
    assert where(house) == []
    del shelf.rows["1"]
    assert (house.pull(full=True).gone, house.pull(full=True).problem) == (0, None)


def taken(house: House) -> None:
    house.check()
    house.load()
    house.build()


def test_without_the_key_nothing_is_pulled(company: House) -> None:
    forgotten(company)
    key = company.folder / KEY
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.unlink()
    with pytest.raises(KeyMissing, match="Restore it from the backup"):
        company.pull()


STEPS = ("remember", "_erase", "rebuild", "_proven", "_tell")


@pytest.mark.parametrize("step", STEPS)
def test_killed_in_between_the_next_run_finishes(
    company: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(warehouse.erasure, step, killed)
        forgotten(company)
    [plan] = (company.folder / "forgetting").iterdir()
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    company.build()  # the next pull's build must not make her unknown
    done = forgotten(company, "0532 111 22 33")
    assert (done.resumed, done.problem) == (True, None)
    counts = {line.place: line.count for line in done.lines}
    assert counts["landing erp.customers"] == 4
    assert where(company) == []
    assert not list(plan.parent.iterdir())


def test_killed_within_the_landing_it_finishes(
    company: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite, times = warehouse.erased._rewrite, iter(range(100))

    def killed(*given: Any) -> None:
        if next(times) == 2:
            raise KeyboardInterrupt
        rewrite(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(warehouse.erased, "_rewrite", killed)
        forgotten(company)
    assert where(company)
    assert forgotten(company).problem is None
    assert where(company) == []


def test_what_is_left_makes_the_run_red_and_the_next_one_goes_on(company: House) -> None:
    note = company.folder / "docs" / "notes.txt"
    note.parent.mkdir(exist_ok=True)
    note.write_text("call AYŞE İNCE YILMAZ", encoding="utf-8")
    done = forgotten(company)
    assert done.problem
    assert "docs: still present, 1" in done.problem
    note.unlink()
    assert forgotten(company).problem is None
    lines = list(Journal(company.places.journal).records("erasures"))
    assert len({line["erasure"] for line in lines}) == 1
    assert {line["state"] for line in lines} == {"done", "not asked", "still present"}
    assert {line["decided_by"] for line in lines} == {"owner"}


@pytest.mark.parametrize(
    ("place", "spoil"),
    [
        ("landing", lambda house: house.land(AYSE)),
        ("landing", lambda house: house.land({**VELI, "no": "1"})),
        ("journal", lambda house: note(house, "sends", AYSE["email"])),
        ("warehouse", lambda house: house.take(AYSE)),
    ],
)
def test_the_proof_finds_what_is_there(company: House, place: str, spoil: Any) -> None:
    with opened(company.places) as connection:
        person = find(connection, "erp/customers/1", NORMAL)
    forgotten(company)
    landed = [("erp", "customers", "1"), ("erp", "orders", "7")]
    assert not proof.found(company.places, person, landed)
    spoil(company)
    assert proof.found(company.places, person, landed)[place] > 0


def test_a_record_that_its_tool_deleted_is_still_theirs(company: House) -> None:
    company.take(gone=("1",))
    company.build()
    hers = "select customer_id from journal.customer_ids where record = 'erp/customers/1'"
    [(customer,)] = company.sql(hers)
    with pytest.raises(ValueError, match="Nobody is known"):
        forgotten(company)
    assert forgotten(company, customer).problem is None
    assert "1" not in {row["_key"] for row in company.landed()}
    assert not company.sql("select * from raw_canonical.customers where _key = '1'")


@pytest.mark.parametrize("doing", ["pulled", "rewritten", "checked"])
def test_it_leaves_who_works_on_the_landing_alone_and_goes_on_then(
    company: House, doing: str
) -> None:
    with alone(company.places.here, "erp", doing), pytest.raises(Taken, match=f"being {doing}"):
        forgotten(company)
    assert forgotten(company).problem is None
    assert where(company) == []


def test_nothing_is_checked_while_somebody_is_taken_out(
    company: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check reads rows before, and writes those in quarantine after."""
    monkeypatch.setattr("warehouse.check.PATIENCE", 0)
    with alone(company.places.here, "erp", "checked"), pytest.raises(Taken, match="being checked"):
        company.check()


def note(house: House, topic: str, detail: Any) -> None:
    Journal(house.places.journal).append(topic, [{"system": "x", "detail": detail}])


def test_who_was_forgotten_is_known_as_such(company: House) -> None:
    hers = id_of(company, "1")
    forgotten(company)
    for identifier in ("ayse.ince@example.com", "erp/customers/1", "+90 532 1112233", hers):
        [line] = forgotten(company, identifier).lines
        assert line.detail == "was forgotten before"
        with pytest.raises(ValueError, match="was forgotten: nothing is held"):
            export(company.places, {"erp": company.erp}, identifier, normal=NORMAL)
    digests = (company.folder / "journal" / "forgotten").rglob("*.jsonl")
    said = "".join(path.read_text(encoding="utf-8") for path in digests)
    assert "erp/customers" not in said
    assert hers not in said


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("nobody@example.com", "Nobody is known by .* Write a customer id"),
        ("erp/customers/999", "Nobody is known"),
        ("0532 999 88 77", "belongs to 2 customers: c_.*, c_.*Give one of these ids"),
    ],
)
def test_an_identifier_must_mean_one(company: House, identifier: str, words: str) -> None:
    shared = [
        {**VELI, "no": n, "name": name, "email": None, "phone": "0532 999 88 77"}
        for n, name in (("20", "Can Su"), ("21", "Deniz Ak"))
    ]
    company.take(*shared)
    company.build()
    with pytest.raises(ValueError, match=words) as error:
        forgotten(company, identifier)
    assert identifier not in str(error.value)


def test_a_reason_is_needed_and_names_nobody(company: House) -> None:
    with pytest.raises(ValueError, match="Say why"):
        forgotten(company, why=" ")
    with pytest.raises(ValueError, match="Do not name the person"):
        forgotten(company, why="Ayşe İnce Yılmaz wrote to us")


def test_an_export_has_all_of_her_and_nothing_of_others(company: House) -> None:
    done = export(company.places, {"erp": company.erp}, AYSE["email"], normal=NORMAL, now=NOON)
    assert done.folder.name == f"20261120T120000-{id_of(company, '1')}"
    page, rows = done.folder / "customer.html", done.folder / "customer.json"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (page, rows)} == {0o600}
    found = json.loads(rows.read_text(encoding="utf-8"))["sections"]
    assert len(found["landed erp.customers"]) == 4
    assert found["landed erp.orders"][0]["record"]["note"] == "for Ayşe İnce Yılmaz"
    assert [row["record"] for row in found["journal sends"]] == ["1"]
    assert found["journal identity_overrides"][0]["why"] == "spouse"
    for section in ("marts.customer_360", "marts.timeline", "quarantine"):
        assert found[section], section
    written = page.read_text(encoding="utf-8")
    assert "Ayşe İnce Yılmaz" in written
    assert "<h2>marts.customer_360</h2>" in written
    assert "veli@example.com" not in written


@pytest.mark.timeout(400)  # every statement has its price there
def test_in_a_lake_old_files_go_too(company: House) -> None:
    for package in ("duckdb_extensions", "duckdb_extension_ducklake"):
        pytest.importorskip(package)
    lake = company.on(warehouse=f"ducklake:{company.folder / 'lake.ducklake'}")
    (company.folder / "warehouse.duckdb").unlink()
    rebuild(lake.places, [lake.erp], now=NOON)
    assert any(name.startswith("lake.ducklake") for name in where(lake))
    assert forgotten(lake).problem is None
    assert where(lake) == []


def test_in_an_object_store(house: House, server: str, address: str) -> None:
    away = on_store(house, server, address)
    away.take({**AYSE, "balance": "much"}, *[{**VELI, "no": str(n)} for n in range(2, 9)])
    away.take(AYSE, VELI)
    away.build()
    assert forgotten(away, apply=False).problem is None
    done = forgotten(away)
    assert done.problem is None
    assert {line.place: line.count for line in done.lines}["landing erp.customers"] == 2
    assert {row["_key"] for row in away.landed()} == {str(n) for n in range(2, 9)}
