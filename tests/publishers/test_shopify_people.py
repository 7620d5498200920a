"""What is asked of Shopify about customers themselves, held against the vendor's own schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import parse, validate

from clients.shopify import VERSION
from publishers import Due
from publishers.shopify_people import create, find, tag, told_no
from tests import shopify_schema


class Shop:
    """Keeps what it is asked; every customer is there, untagged."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(
        self, text: str, variables: Mapping[str, Any] | None = None, *, points: float | None = None
    ) -> dict[str, Any]:
        self.asked.append(text)
        nodes = [
            {"id": key, "tags": ["kopru:old"], "defaultEmailAddress": None}
            | {"defaultPhoneNumber": {"smsMarketingConsent": {"state": "UNSUBSCRIBED"}}}
            for key in (variables or {}).get("ids", [])
        ]
        return {"nodes": nodes, "c0": {"id": "gid://shopify/Customer/1"}, "c1": None}

    def mutate(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(text)
        done = {"userErrors": [], "customer": {"id": "gid://shopify/Customer/9"}}
        return {f"{letter}{place}": done for letter in "ct" for place in range(9)}


@shopify_schema.needed
def test_every_query_is_the_vendors() -> None:
    shop: Any = Shop()
    assert find(shop, ['a"b@x.tr', "c@x.tr"]) == {'a"b@x.tr': "gid://shopify/Customer/1"}
    assert told_no(shop, ["1"]) == {"1": {"sms"}}
    assert tag(shop, [Due("1", "c_1", {"audiences": "at_risk, new"})], "audiences") == {}
    rows = [Due(f"c_{n}", f"c_{n}", {"email": f"{n}@x.tr", "first_name": "Ad"}) for n in (1, 2)]
    assert [outcome.state for outcome in create(shop, rows)] == ["accepted", "accepted"]
    assert len(shop.asked) == 5
    for text in shop.asked:
        assert validate(shopify_schema.schema(VERSION), parse(text)) == []
