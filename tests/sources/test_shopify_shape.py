"""What introspection says of the fields we ask for."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema, graphql_sync

import clients.shopify
from sources.shopify.kinds import KINDS
from sources.shopify.shape import shape as shape_of
from tests import shopify_schema
from tests.sources.test_shopify import SHOPIFY, read, table


@pytest.mark.parametrize("name", KINDS)
def test_the_shape_has_every_field_of_a_row_and_its_type(name: str) -> None:
    with SHOPIFY.running(customers=20, orders=10) as running:
        running.store.refunds.clear()
        found = table(running, name).shape
        assert found is not None
        shape = found()
        rows = read(running, name)
    missing = {path for row in rows for path in _paths(row)} - shape.keys()
    assert missing == set()
    assert shape["updatedAt"] == "DateTime"
    if name == "orders":
        assert shape["tags"] == "[String]"
        assert shape["lineItems.nodes.originalUnitPriceSet.shopMoney.amount"] == "Decimal"
        assert shape["lineItems.nodes.discountAllocations.discountApplication.manual"] == "String"


@shopify_schema.needed
@pytest.mark.parametrize("name", KINDS)
def test_the_shape_is_that_of_shopifys_own_schema(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = shopify_schema.schema(clients.shopify.VERSION)
    with SHOPIFY.running(customers=1, orders=1) as running:
        shop = clients.shopify.connect(running.system)
        sandboxed = shape_of(shop, KINDS[name])
        monkeypatch.setattr(shop, "query", lambda text: graphql_sync(theirs, text).data)
        assert shape_of(shop, KINDS[name]) == sandboxed


def test_a_field_that_is_gone_or_has_another_type_shows_in_the_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = """
    type Query { a: ProductVariant }
    type ProductVariant { id: ID! product: Product! price: Int selectedOptions: [Option!]! }
    type Option { name: String }
    type Product { id: ID! }
    """
    with SHOPIFY.running(customers=1, orders=1) as running:
        shop = clients.shopify.connect(running.system)
        schema = build_schema(changed)
        monkeypatch.setattr(shop, "query", lambda text: graphql_sync(schema, text).data)
        found = shape_of(shop, KINDS["variants"])
    assert found == {
        "id": "ID",
        "price": "Int",
        "product": "Product",
        "product.id": "ID",
        "selectedOptions": "[Option]",
        "selectedOptions.name": "String",
    }


def _paths(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return {found for item in value for found in _paths(item, path)}
    if not isinstance(value, dict):
        return set()
    return {
        found
        for name, inner in value.items()
        for found in ({f"{path}{name}"} | _paths(inner, f"{path}{name}."))
    }
