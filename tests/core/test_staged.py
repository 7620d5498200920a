"""Rows are typed once, by check; what it keeps for load is only a cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.core.house import CUSTOMERS, House
from tests.core.test_check import rows
from warehouse import memory


@pytest.fixture
def checked(house: House) -> House:
    house.land(*rows(1, 2, phone="5321112233"), gone=("3",))
    house.check()
    return house


def kept(house: House) -> list[Path]:
    return [path for path in (house.places.data / "typed").rglob("*") if path.is_file()]


def test_what_was_kept_is_loaded_and_gone(checked: House) -> None:
    [file] = kept(checked)
    marked = f"select * replace (phone || '!' as phone) from '{file}'"
    memory().execute(f"copy ({marked}) to '{file}.new' (format parquet)")
    Path(f"{file}.new").replace(file)
    checked.load()
    assert checked.raw("_key, phone") == [("1", "5321112233!"), ("2", "5321112233!")]
    assert kept(checked) == []


def test_without_it_load_types_again(checked: House) -> None:
    shutil.rmtree(checked.places.data / "typed")
    checked.load()
    assert checked.raw("_key, phone") == [("1", "5321112233"), ("2", "5321112233")]


def test_under_another_contract_it_does_not_count(checked: House) -> None:
    checked.promise(text=CUSTOMERS.replace("name: phone", "name: city, physicalName: phone"))
    checked.load()
    assert checked.raw("_key, city") == [("1", "5321112233"), ("2", "5321112233")]
    assert kept(checked) == []
