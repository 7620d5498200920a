"""The files source through real dlt runs against the sandbox till."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import sources.files
from clients import Implausible, Refused
from sandbox.records import Line, Order
from sandbox.till import Till
from tests import legacy
from tests.pulled import Landing, contract

FIRST, SECOND = "20261120", "20261121"


@pytest.fixture
def till() -> Till:
    return legacy.till()


@pytest.fixture
def landing(till: Till, tmp_path: Path) -> Iterator[Landing]:
    with till.serving() as address:
        system = legacy.till_system(address)
        yield Landing(tmp_path, sources.files, system, contract("till"))


def test_the_first_run_lands_cells_as_they_are_in_the_files(landing: Landing) -> None:
    landing.pull()
    customer = landing.rows["customers"]["2"]
    assert (customer["AdSoyad"], customer["Sehir"], customer["Izin"]) == (
        "Şule Gürbüz 2",
        "İzmir",
        "H",
    )
    line = landing.rows["order_lines"]["2/3"]
    assert (line["BirimFiyat"], line["Tutar"]) == ("10,50", "21,00")
    assert (line["Tarih"], line["TarihSaat"]) == ("01.03.2024", "01.03.2024 12:30")
    counts = {name: (r.claimed, r.seen, r.finished) for name, r in landing.readings.items()}
    assert counts == {"customers": (5, 5, True), "order_lines": (8, 8, True)}


def test_nothing_new_reads_nothing_and_loses_nobody(landing: Landing) -> None:
    landing.pull().pull()
    assert landing.read("customers") == []
    assert sorted(landing.unchanged("customers")) == ["1", "2", "3", "4", "5"]
    assert landing.pages.get("order_lines", []) == []


def test_the_next_night_brings_the_whole_list_and_only_new_sales(
    landing: Landing, till: Till
) -> None:
    landing.pull()
    till.change("4", phone="0555 111 22 33")
    del till.customers["5"]
    till.orders["9"] = sale("9")
    till.export()
    landing.pull()
    assert landing.read("customers") == ["1", "2", "3", "4"]
    assert landing.unchanged("customers") == []
    assert landing.rows["customers"]["4"]["Telefon"] == "0555 111 22 33"
    assert landing.read("order_lines") == ["9/1"]
    assert landing.rows["order_lines"]["9/1"]["Tutar"] == "1.234,50"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("wrong_encoding", f"musteriler_{SECOND}.csv: it is utf-8, not cp1254"),
        ("mojibake", f"musteriler_{SECOND}.csv: it is utf-8"),
        ("truncated", f"musteriler_{SECOND}.csv: its last line TOPLAM is missing"),
    ],
)
def test_a_broken_file_is_named_and_read_once_it_is_right(
    landing: Landing, till: Till, fault: str, words: str
) -> None:
    landing.pull()
    till.change("1", phone="0555 000 00 00")
    till.orders["9"] = sale("9")
    till.faults = [fault]
    till.export()
    landing.pull()
    reading = landing.readings["customers"]
    assert isinstance(reading.error, Implausible)
    assert words in str(reading.error)
    assert not reading.finished
    assert landing.read("customers") == []
    assert landing.read("order_lines") == ["9/1"]
    till.export(again=True)
    landing.pull()
    assert landing.readings["customers"].error is None
    assert landing.rows["customers"]["1"]["Telefon"] == "0555 000 00 00"


def test_a_broken_sales_file_does_not_stop_the_good_ones(landing: Landing, till: Till) -> None:
    broken = till.root / "out" / f"satislar_{FIRST}.csv"
    whole = broken.read_bytes()
    broken.write_bytes(whole.replace(b"TOPLAM;8", b"TOPLAM;9"))
    till.orders["9"] = sale("9")
    till.export()
    landing.pull("order_lines")
    assert landing.read("order_lines") == ["9/1"]
    error = str(landing.readings["order_lines"].error)
    assert f"satislar_{FIRST}.csv: its TOPLAM line says 9 rows and 8 are there" in error
    broken.write_bytes(whole + b"")
    landing.pull("order_lines")
    assert len(landing.read("order_lines")) == 8
    assert landing.readings["order_lines"].error is None


def test_a_garbage_row_is_kept_apart_and_the_rest_are_read(landing: Landing, till: Till) -> None:
    till.faults = ["garbage_row"]
    till.export(again=True)
    landing.pull("customers")
    assert len(landing.rows["customers"]) == 6
    bad = landing.rows["customers"][f"musteriler_{FIRST}.csv row 1"]
    assert bad["_cells"] == ["", "#### YAZICI HATASI ####"]
    assert "AdSoyad" not in bad


def test_a_column_that_is_gone_is_named(landing: Landing, till: Till) -> None:
    path = till.root / "out" / f"musteriler_{FIRST}.csv"
    path.write_bytes(path.read_bytes().replace(b"Eposta", b"EMail"))
    landing.pull("customers")
    error = str(landing.readings["customers"].error)
    assert "till: " in error
    assert "column Eposta is missing; it has MusteriNo, AdSoyad, Telefon, EMail" in error


def test_a_large_file_goes_on_where_it_was_stopped(
    landing: Landing, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.files, "PAGE", 3)
    till.orders["9"] = sale("9")
    till.export()
    runs = []
    for _ in range(3):
        landing.pull("order_lines", pages_per_load=2)
        runs.append(len(landing.read("order_lines")))
    assert runs == [6, 2, 1]
    assert len(landing.rows["order_lines"]) == 9


def test_a_full_read_takes_every_file_again(landing: Landing, till: Till) -> None:
    till.export()
    landing.pull().pull(full=True)
    assert len(landing.read("customers")) == 5
    assert len(landing.read("order_lines")) == 8


def test_no_file_at_all_is_no_empty_table(landing: Landing) -> None:
    landing.system.settings["tables"]["customers"]["files"] = "kunden_*.csv"
    landing.pull("customers")
    error = landing.readings["customers"].error
    assert isinstance(error, Implausible)
    assert f"called kunden_*.csv; there is musteriler_{FIRST}.csv" in str(error)


def test_a_table_nobody_configured_is_refused_by_name(landing: Landing) -> None:
    del landing.system.settings["tables"]["customers"]
    with pytest.raises(Refused, match="promises customers, and nothing says how to read it"):
        landing.pull()


def sale(record: str) -> Order:
    line = Line(1, "DFT-9", "Defter", 1, Decimal("1234.50"))
    return Order(record, "", "3", legacy.BORN, legacy.BORN, "TRY", "completed", [line])
