"""Data folders that older versions left go on loading, and rebuild to the same warehouse.

Each folder under tests/kept was written by the version of its time (tests/kept/write.py).
"""

from __future__ import annotations

import json

import pytest

from tests.core.house import House
from tests.kept.write import KEPT, again, found
from warehouse import formats
from warehouse.formats import FormatError, Kind
from warehouse.journal import Journal
from warehouse.landing import Landing
from warehouse.verdict import verdict_of

FOLDERS = sorted(path.name for path in KEPT.iterdir() if (path / "expected.json").exists())
LINE = {"system": "erp", "record": "1", "customer_id": "c_1"}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_kept_folder_rebuilds_to_what_it_was(house: House, name: str) -> None:
    again(house, KEPT / name)
    assert house.check() == []
    assert found(house) == json.loads((KEPT / name / "expected.json").read_text("utf-8"))


def test_there_is_a_kept_folder_of_every_format() -> None:
    for pattern, kind in (
        ("landing/*/*/[0-9]*[0-9].json", formats.MANIFEST),
        ("landing/*/*/*.checked.json", formats.VERDICT),
        ("journal/*/*.jsonl", formats.LINE),
    ):
        texts = [path.read_text("utf-8") for path in KEPT.glob(f"*/{pattern}")]
        if pattern.endswith("jsonl"):
            texts = [line for text in texts for line in text.splitlines()]
        read = {json.loads(text).get("format", 0) for text in texts}
        assert read == {*kind.steps, kind.format}, kind.name


def test_an_older_document_goes_step_by_step() -> None:
    kind = Kind("note", 3, {1: lambda d: {**d, "b": d["a"]}, 2: lambda d: {"c": d["b"] + 1}})
    assert kind.read({"format": 1, "a": 1}, "here") == {"format": 3, "c": 2}
    assert kind.read({"format": 3, "c": 2}, "here") == {"format": 3, "c": 2}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (4, "here: this note has format 4; this version of Köprü reads 2 to 3.* that version"),
        (1, "format 1.* with the version of Köprü that wrote it"),
        (None, "format None"),
        ("2", "format '2'"),
    ],
)
def test_what_cannot_be_read_is_refused(found: object, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        Kind("note", 3, {2: dict}).read({"format": found}, "here")


def test_a_verdict_of_a_newer_version_is_refused(house: House) -> None:
    load = house.land({"no": "1", "name": "A"})
    house.check()
    [one] = Landing(house.places.landing).loads("erp", "customers")
    assert one.id == load
    said = json.loads(one.verdict_path.read_text("utf-8"))
    one.verdict_path.write_text(json.dumps({**said, "format": 2}), "utf-8")
    with pytest.raises(FormatError, match=r"checked\.json: this verdict has format 2"):
        verdict_of(one)
    with pytest.raises(FormatError):
        house.load()
    assert not house.sql("from duckdb_tables() where schema_name = 'ops'")


def test_lines_of_the_journal_are_migrated_or_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(house.places.journal)
    journal.append("customer_ids", [LINE, {**LINE, "record": "2"}])
    with monkeypatch.context() as patched:
        step = {1: lambda line: {**line, "record": f"erp/{line['record']}"}}
        patched.setattr(formats, "LINE", Kind("line of the journal", 2, step))
        journal.append("customer_ids", [{**LINE, "record": "erp/3"}])
        house.load()
        read = house.sql("select record, format from journal.customer_ids order by all")
        assert read == [("erp/1", 2), ("erp/2", 2), ("erp/3", 2)]
        journal.append("customer_ids", [{**LINE, "record": "erp/4"}])
    before = house.sql("select count(*) from journal.customer_ids")
    with pytest.raises(FormatError, match=r"jsonl, line 1: .* has format 2"):
        house.load()
    assert house.sql("select count(*) from journal.customer_ids") == before
