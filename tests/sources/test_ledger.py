"""Which files are read, when, and what happens to the rows of one that changed."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sources.files
from clients import Implausible, Refused
from contracts import load
from sources.files import shelf
from systems import System
from tests.pulled import Landing

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: depo
schema:
  - name: order_lines
    properties:
      - {name: order_id, physicalName: Fis, logicalType: string, primaryKey: true, required: true}
      - {name: product_name, physicalName: Urun, logicalType: string}
      - name: total
        physicalName: Tutar
        logicalType: number
        customProperties: [{property: decimalComma, value: true}]
"""
OLD = time.time() - 3600


class Depot:
    """A local folder of CSV files, and a source that reads it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        promised = folder / "depo.odcs.yaml"
        promised.write_text(CONTRACT, encoding="utf-8")
        tables = {"order_lines": {"files": "*", **settings}}
        system = System("depo", "files", settings={"folder": str(self.folder), "tables": tables})
        self.landing = Landing(folder / "landing", sources.files, system, load(promised))

    def write(self, name: str, *rows: str, at: float = OLD) -> Path:
        path = self.folder / name
        lines = ["Fis;Urun;Tutar", *(f"{row};Çay {row};1.234,50" for row in rows), ""]
        path.write_bytes("\r\n".join(lines).encode("cp1254"))
        os.utime(path, (at, at))
        return path

    def pull(self, **asked: Any) -> list[str]:
        return self.landing.pull(**asked).read("order_lines")

    @property
    def held(self) -> list[str]:
        return sorted(self.landing.rows["order_lines"])

    @property
    def problem(self) -> str:
        return str(self.landing.readings["order_lines"].error or "")


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return Depot(tmp_path)


@pytest.fixture
def napped(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens while somebody waits; nobody really does."""
    meanwhile: list[Callable[[], object]] = []

    def nap(seconds: float) -> None:
        for happens in meanwhile:
            happens()

    monkeypatch.setattr(shelf.time, "sleep", nap)
    return meanwhile


def test_the_same_content_is_loaded_once_under_whatever_name(depot: Depot) -> None:
    depot.write("a.csv", "1", "2")
    assert depot.pull() == ["1", "2"]
    depot.write("b.csv", "1", "2")
    depot.write("a.csv", "1", "2", at=OLD + 60)
    assert depot.pull() == []
    assert depot.landing.readings["order_lines"].complete
    (depot.folder / "a.csv").unlink()
    depot.write("arsiv_a.csv", "1", "2")
    assert depot.pull() == []
    assert depot.pull(full=True) == ["1", "2", "1", "2"]
    assert depot.held == ["1", "2"]


def test_a_corrected_file_replaces_its_rows_and_no_others(depot: Depot) -> None:
    depot.write("a.csv", "1", "2", "3")
    depot.write("b.csv", "7")
    depot.pull()
    depot.write("a.csv", "1", "4")
    assert depot.pull() == ["1", "4"]
    assert depot.held == ["1", "4", "7"]
    assert depot.landing.changes["order_lines"] == {"2": "deleted", "3": "deleted"}
    assert depot.landing.readings["order_lines"].complete


def test_a_row_that_moved_to_another_file_of_the_night_stays(depot: Depot) -> None:
    depot.write("a.csv", "1", "2")
    depot.pull()
    depot.write("a.csv", "1")
    depot.write("b.csv", "2", "3")
    depot.pull()
    assert depot.held == ["1", "2", "3"]


def test_a_correction_that_was_stopped_is_read_from_its_first_row(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.files, "PAGE", 2)
    depot.write("a.csv", *"123456")
    depot.pull()
    depot.write("a.csv", *"12345")
    assert depot.pull(pages_per_load=1) == ["1", "2"]
    depot.landing.helds.clear()
    while not depot.landing.readings["order_lines"].finished:
        depot.pull(pages_per_load=2)
    assert depot.landing.readings["order_lines"].error is None


def test_overlapping_exports_are_not_short(depot: Depot) -> None:
    depot.write("a.csv", "1", "2")
    depot.write("b.csv", "2", "3")
    depot.pull()
    reading = depot.landing.readings["order_lines"]
    assert (reading.claimed, reading.seen, reading.complete) == (3, 3, True)


def test_rows_of_one_file_that_share_a_key_are_said(depot: Depot) -> None:
    depot.write("a.csv", "1", "2", "2")
    depot.pull()
    reading = depot.landing.readings["order_lines"]
    assert (reading.claimed, reading.seen, reading.complete) == (3, 2, False)


def test_a_young_file_that_still_grows_waits(
    depot: Depot, napped: list[Callable[[], object]]
) -> None:
    now = time.time()
    depot.write("a.csv", "1", at=now)
    napped.append(lambda: depot.write("a.csv", "1", "2", at=now + 1))
    assert depot.pull() == []
    assert depot.landing.readings["order_lines"].error is None
    napped.clear()
    assert depot.pull() == ["1", "2"]


def test_a_file_that_changes_while_it_is_read_waits(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot.write("a.csv", "1")
    depot.write("b.csv", "5")
    digest = shelf._digest

    def grows(file: Any) -> str:
        found = digest(file)
        if file.name.endswith("a.csv"):
            depot.write("a.csv", "1", "2")
        return found

    monkeypatch.setattr(shelf, "_digest", grows)
    assert depot.pull() == ["5"]
    monkeypatch.setattr(shelf, "_digest", digest)
    assert depot.pull() == ["1", "2"]


@pytest.mark.parametrize("name", [".a.csv", "~$a.csv", "a.csv.part", "a.csv.filepart", "a.tmp"])
def test_what_programs_call_unfinished_is_not_read(depot: Depot, name: str) -> None:
    depot.write(name, "1")
    depot.write("b.csv", "2")
    assert depot.pull() == ["2"]


@pytest.mark.parametrize(("done", "mark"), [("{name}.done", "a.csv.done"), ("{stem}.ok", "a.ok")])
def test_a_file_waits_for_its_mark_where_one_is_agreed(
    tmp_path: Path, done: str, mark: str
) -> None:
    depot = Depot(tmp_path, done=done, files="*.csv")
    depot.write("a.csv", "1", at=time.time())
    depot.pull()
    assert "no file in . is called *.csv; there is a.csv" in depot.problem
    (depot.folder / mark).touch()
    assert depot.pull() == ["1"]


def test_packed_files_are_read_and_named_in_problems(depot: Depot) -> None:
    whole = depot.write("a.csv", "1").read_bytes()
    (depot.folder / "a.csv").unlink()
    packed = depot.folder / "b.csv.gz"
    packed.write_bytes(gzip.compress(whole))
    os.utime(packed, (OLD, OLD))
    assert depot.pull() == ["1"]
    packed.write_bytes(gzip.compress(whole)[:-8])
    os.utime(packed, (OLD, OLD))
    assert depot.pull() == []
    assert "b.csv.gz: it cannot be unpacked" in depot.problem


def test_a_header_that_lost_a_column_stops_the_table_by_name(depot: Depot) -> None:
    content = "Fis;Urun;Tutar;Kasa\r\n1;Çay;1,50;3\r\n"
    path = depot.folder / "a.csv"
    path.write_bytes(content.encode("cp1254"))
    os.utime(path, (OLD, OLD))
    assert depot.pull() == ["1"]
    depot.write("b.csv", "2")
    assert depot.pull() == []
    assert "Kasa is gone (it was text)" in depot.problem
    assert depot.pull(confirm=True) == ["2"]


def test_a_new_column_goes_on(depot: Depot) -> None:
    depot.write("a.csv", "1")
    depot.pull()
    path = depot.folder / "b.csv"
    path.write_bytes("Fis;Kasa;Urun;Tutar\r\n2;5;Çay;1,50\r\n".encode("cp1254"))
    os.utime(path, (OLD, OLD))
    assert depot.pull() == ["2"]
    assert depot.landing.rows["order_lines"]["2"]["Kasa"] == "5"


def test_a_snapshot_that_is_still_being_written_deletes_nobody(
    tmp_path: Path, napped: list[Callable[[], object]]
) -> None:
    depot = Depot(tmp_path, snapshot=True)
    depot.write("a.csv", "1", "2")
    depot.pull()
    now = time.time()
    depot.write("b.csv", "1", at=now)
    napped.append(lambda: depot.write("b.csv", "1", "3", at=now + 1))
    depot.pull()
    assert depot.landing.changes["order_lines"] == {}
    napped.clear()
    assert depot.pull() == ["1", "3"]
    assert depot.landing.changes["order_lines"] == {"2": "deleted"}
    depot.write("c.csv", "1", "3")
    assert depot.pull() == []
    assert depot.held == ["1", "3"]


def test_settings_nobody_knows_are_refused(tmp_path: Path) -> None:
    depot = Depot(tmp_path, delimeter=";")
    with pytest.raises(
        Refused, match=r"tables.order_lines .* has delimeter.*Valid are .*delimiter"
    ):
        depot.pull()


def test_a_broken_file_names_itself_and_the_good_ones_are_read(depot: Depot) -> None:
    depot.write("a.csv", "1")
    broken = depot.folder / "b.csv"
    broken.write_bytes("Fis;Urun;Tutar\r\n2;Þeker;1,50\r\n".encode())
    os.utime(broken, (OLD, OLD))
    depot.write("c.csv", "3")
    assert depot.pull() == ["1", "3"]
    error = depot.landing.readings["order_lines"].error
    assert isinstance(error, Implausible)
    assert "1 of 3 new files cannot be believed: b.csv: its letters are broken" in str(error)
    assert "'un;Tutar 2;Þeker;1,50'" in str(error)
