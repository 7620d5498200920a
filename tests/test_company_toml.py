"""company.toml: what holds for the whole company, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

import company
from company import CompanyError, Identity
from tests.core.house import NOON, House
from warehouse.build import build, is_due


def test_without_the_file_everything_is_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOPRU_SYSTEMS", str(tmp_path / "systems.toml"))
    assert company.load() == company.Company()


def test_it_lies_beside_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "company.toml").write_text(
        'currency = "EUR"\n[identity]\nlink_probability = 0.95\n', "utf-8"
    )
    monkeypatch.setenv("KOPRU_SYSTEMS", str(tmp_path / "ours.toml"))
    assert company.load() == company.Company("EUR", Identity(0.95, 0.2))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('curency = "TRY"', "curency is not known; valid keys are currency, identity"),
        ('currency = "lira"', "currency is 'lira'; write an ISO 4217 code such as TRY"),
        ("currency = 949", "currency is 949"),
        ("identity = 3", r"identity must be a table, \[identity\]"),
        ("currency = ", "is not valid TOML"),
        ("[identity]\ncap = 5", "identity.cap is not known; valid keys are link_probability, "),
        ("[identity]\nlink_probability = 1", "link_probability is 1; write a probability above 0"),
        ("[identity]\nlink_probability = 0.1", "what is linked needs no review"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "company.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CompanyError, match=said):
        company.load(path)


def test_models_may_know_it_and_are_due_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, monkeypatch)
    build(house.places, [house.erp], now=NOON)
    assert not is_due(house.places, [house.erp])
    euro = company.Company("EUR", Identity(0.5))
    assert is_due(house.places, [house.erp], euro)
    build(house.places, [house.erp], euro, now=NOON)
    assert house.sql("select currency from ops.company") == [("EUR",)]
    assert house.sql("select link_from, review_from from ops.identity") == [(0.0, -2.0)]
    assert not is_due(house.places, [house.erp], euro)
