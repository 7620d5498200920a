"""A contract is read once for all the systems that share it, and anew when its file changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import ContractError, contract_of, load
from systems import System

TEXT = """
apiVersion: v3.1.0
id: small
schema:
  - name: things
    properties: [{name: id, logicalType: string, primaryKey: true}]
"""


def test_a_changed_contract_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "small.odcs.yaml"
    path.write_text(TEXT)
    first = load(path)
    assert load(path) is first
    path.write_text(TEXT.replace("things", "others"))
    assert list(load(path).tables) == ["others"]
    assert load(path).digest != first.digest


def test_a_company_may_want_some_tables_only() -> None:
    shop = System("shop", "shopify", settings={"only": ["orders", "customers"]})
    assert list(contract_of(shop).tables) == ["orders", "customers"]
    assert len(contract_of(System("shop", "shopify")).tables) > 2


@pytest.mark.parametrize("only", [["orders", "bananas"], "orders", []])
def test_tables_nobody_promised_are_refused_by_name(only: object) -> None:
    words = r"shop: only = .* in systems\.toml.*shopify\.odcs\.yaml: customers, orders"
    with pytest.raises(ContractError, match=words):
        contract_of(System("shop", "shopify", settings={"only": only}))
