"""The shop against the vendor's own client, the vendor's schema and what its documents say."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shopify
from graphql import GraphQLSchema, build_schema, is_enum_type, is_input_object_type
from pyactiveresource.connection import UnauthorizedAccess
from starlette.testclient import TestClient

from sandbox.records import Customer, Order
from sandbox.serving import serving
from sandbox.shopify import SCHEMA, Shopify

SPEC = Path(__file__).parents[3] / "shared/specs/shopify/admin_2026-10.graphql.gz"
API = "/admin/api/2026-10"
SET = """
mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
  metafields { namespace key value type } userErrors { field message code elementIndex } } }
"""
CREATE = """
mutation($input: CustomerInput!) { customerCreate(input: $input) {
  customer { id displayName } userErrors { field message } } }
"""
UPDATE = CREATE.replace("customerCreate", "customerUpdate")
Ask = Callable[..., Any]


@pytest.fixture
def shop(customers: list[Customer], orders: list[Order]) -> Shopify:
    return Shopify(customers, orders, client_id="id", client_secret="sec", static_token="shpat")


@pytest.fixture
def http(shop: Shopify) -> TestClient:
    client = TestClient(shop.app())
    client.headers["X-Shopify-Access-Token"] = "shpat"
    return client


@pytest.fixture
def ask(http: TestClient) -> Ask:
    def post(query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        return http.post(f"{API}/graphql.json", json=body).json()

    return post


@pytest.fixture
def vendor(shop: Shopify) -> Iterator[Ask]:
    """ShopifyAPI's GraphQL client; its state is one per process, and put back."""
    with serving(shop.app()) as url:
        shopify.ShopifyResource.set_site(f"{url}{API}")
        shopify.ShopifyResource.set_headers({"X-Shopify-Access-Token": "shpat"})
        yield lambda query, **given: json.loads(shopify.GraphQL().execute(query, given))
        shopify.ShopifyResource.clear_session()


def entry(owner: int, value: str, **more: str) -> dict[str, str]:
    known = {"ownerId": f"gid://shopify/Customer/{owner}", "namespace": "kopru", "key": "tier"}
    return known | {"type": "single_line_text_field", "value": value} | more


def test_vendor_client_lists_two_pages(vendor: Ask) -> None:
    query = "query($after: String) { customers(first: 20, after: $after) { "
    query += "nodes { legacyResourceId } pageInfo { hasNextPage endCursor } } }"
    first = vendor(query)["data"]["customers"]
    second = vendor(query, after=first["pageInfo"]["endCursor"])["data"]["customers"]
    ids = [node["legacyResourceId"] for node in first["nodes"] + second["nodes"]]
    assert ids == [str(number) for number in range(1, 26)]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


def test_vendor_client_creates_updates_and_batches_with_a_bad_row(
    vendor: Ask, shop: Shopify
) -> None:
    made = vendor(CREATE, input={"email": "yeni@example.com", "firstName": "Şule"})
    made = made["data"]["customerCreate"]["customer"]
    assert made["displayName"] == "Şule"
    changed = vendor(UPDATE, input={"id": made["id"], "lastName": "Ak", "tags": ["vip"]})
    assert changed["data"]["customerUpdate"]["customer"]["displayName"] == "Şule Ak"
    again = vendor(CREATE, input={"email": "YENI@example.com"})["data"]["customerCreate"]
    assert again["userErrors"] == [{"field": ["email"], "message": "Email has already been taken"}]
    bad = vendor(SET, m=[entry(1, "gold"), entry(999, "gold")])["data"]["metafieldsSet"]
    assert bad["metafields"] is None
    assert [(e["elementIndex"], e["code"]) for e in bad["userErrors"]] == [(1, "INVALID")]
    assert "1" not in shop.given  # all or none
    good = vendor(SET, m=[entry(1, "gold"), entry(2, "basic")])["data"]["metafieldsSet"]
    assert good["userErrors"] == []
    assert shop.given["2"] == {"kopru.tier": "basic"}
    assert shop.writes == 4


def test_vendor_client_raises_its_own_error_class(vendor: Ask) -> None:
    assert shopify.Shop.current().name == "Sandbox"
    shopify.ShopifyResource.set_headers({"X-Shopify-Access-Token": "wrong"})
    with pytest.raises(UnauthorizedAccess):
        shopify.Shop.current()


def test_tokens_are_granted_and_expire(customers: list[Customer]) -> None:
    moment = [0.0]
    shop = Shopify(customers, [], "id", "sec", token_seconds=60, clock=lambda: moment[0])
    http = TestClient(shop.app())
    asked = {"client_id": "id", "client_secret": "sec", "grant_type": "client_credentials"}
    granted = [
        http.post("/admin/oauth/access_token", json=asked),
        http.post("/admin/oauth/access_token", data=asked),
    ]
    assert [answer.json()["expires_in"] for answer in granted] == [59, 59]
    headers = {"X-Shopify-Access-Token": granted[0].json()["access_token"]}
    body = {"query": "{ shop { name } }"}
    assert http.post(f"{API}/graphql.json", json=body, headers=headers).status_code == 200
    moment[0] = 60
    assert http.post(f"{API}/graphql.json", json=body, headers=headers).status_code == 401
    for wrong in ({"client_secret": "x"}, {"client_id": "x"}, {"grant_type": "password"}):
        answer = http.post("/admin/oauth/access_token", json=asked | wrong)
        assert answer.status_code in (400, 401)
        assert "error" in answer.json()


def test_updated_at_filter_needs_single_quotes(ask: Ask) -> None:
    # Customer n was updated at 2026-03-01 10:00 UTC plus n hours, 13:00 plus n in Istanbul.
    def found(condition: str) -> list[str]:
        query = "query($q: String) { customers(first: 50, sortKey: UPDATED_AT, query: $q) "
        answer = ask(query + "{ nodes { legacyResourceId } } }", q=condition)
        return [node["legacyResourceId"] for node in answer["data"]["customers"]["nodes"]]

    assert found("updated_at:>='2026-03-02T09:00:00Z'") == ["23", "24", "25"]
    assert found("updated_at:>'2026-03-02T09:00:00Z'") == ["24", "25"]
    assert found("updated_at:>'2026-03-02T09:00:00Z' AND updated_at:<'2026-03-02T11:00:00Z'") == [
        "24"
    ]
    # Without them the time is lost, and the day is the shop's: from 2026-03-01 21:00 UTC on.
    assert found("updated_at:>=2026-03-02T09:00:00Z") == [str(n) for n in range(11, 26)]


def test_pages_in_both_directions_hold_when_rows_move(ask: Ask, shop: Shopify) -> None:
    query = "query($a: String) { customers(first: 10, after: $a, sortKey: UPDATED_AT, "
    query += "reverse: true) { edges { cursor node { legacyResourceId } } pageInfo "
    query += "{ hasNextPage hasPreviousPage endCursor } } }"
    seen, after = [], None
    while True:
        answer = ask(query, a=after)["data"]["customers"]
        seen += [edge["node"]["legacyResourceId"] for edge in answer["edges"]]
        after = answer["pageInfo"]["endCursor"]
        assert answer["edges"][-1]["cursor"] == after
        assert answer["pageInfo"]["hasPreviousPage"] == (len(seen) > 10)
        if not answer["pageInfo"]["hasNextPage"]:
            break
        shop.change(seen[0], city="Kars")  # moves to the front, must not shift the rest
    assert seen == [str(number) for number in range(25, 0, -1)]


def test_orders_are_complete(ask: Ask) -> None:
    query = """{ orders(first: 5) { nodes { name email customer { id } currencyCode cancelledAt
      displayFinancialStatus totalPriceSet { shopMoney { amount currencyCode } }
      billingAddress { name phone } lineItems(first: 1) { nodes { id title sku quantity
      originalUnitPriceSet { shopMoney { amount } } discountedTotalSet { shopMoney { amount } } }
      pageInfo { hasNextPage } } } } }"""
    rows = ask(query)["data"]["orders"]["nodes"]
    member, guest = rows[0], rows[1]
    assert member["customer"] == {"id": "gid://shopify/Customer/1"}
    assert (member["email"], member["cancelledAt"] is None) == ("cigdem1@example.com", False)
    assert (guest["customer"], guest["email"]) == (None, "ayse102@example.com")
    assert guest["billingAddress"] == {"name": "Ayşe Nur Öz", "phone": "+90 533 111 22 33"}
    assert guest["totalPriceSet"]["shopMoney"] == {"amount": "125.00", "currencyCode": "TRY"}
    assert guest["lineItems"]["nodes"] == [
        {
            "id": "gid://shopify/LineItem/10201",
            "title": "Çay 1 kg",
            "sku": "SKU-1",
            "quantity": 2,
            "originalUnitPriceSet": {"shopMoney": {"amount": "12.50"}},
            "discountedTotalSet": {"shopMoney": {"amount": "25.00"}},
        }
    ]
    assert guest["lineItems"]["pageInfo"]["hasNextPage"]


def test_metafields_are_typed_limited_and_counted_when_they_change(ask: Ask, shop: Shopify) -> None:
    def errors(*entries: dict[str, str]) -> list[str]:
        told = ask(SET, m=list(entries))["data"]["metafieldsSet"]["userErrors"]
        return [error["code"] for error in told]

    assert errors(*[entry(1, "x")] * 26) == ["LESS_THAN_OR_EQUAL_TO"]
    assert errors(entry(1, "1.5", type="number_integer")) == ["INVALID_VALUE"]
    assert errors(entry(1, "x", type="poem")) == ["INVALID_TYPE"]
    assert errors(entry(1, "")) == ["BLANK"]
    assert errors(entry(1, "x", key="k")) == ["TOO_SHORT"]
    assert errors(entry(1, "gold")) == []
    dated = shop.customers["1"].updated_at
    assert errors(entry(1, "gold")) == []
    assert (shop.writes, shop.customers["1"].updated_at) == (1, dated)
    assert errors(entry(1, "5", type="number_integer")) == ["INVALID_TYPE"]  # it is a text by now
    query = '{ customer(id: "gid://shopify/Customer/1") { metafield(namespace: "kopru", key: '
    query += '"tier") { value } metafields(first: 5) { nodes { key type } } } }'
    shown = ask(query)["data"]["customer"]
    assert shown["metafield"] == {"value": "gold"}
    assert shown["metafields"]["nodes"] == [{"key": "tier", "type": "single_line_text_field"}]


def test_definitions_are_made_once_and_give_the_type(ask: Ask) -> None:
    query = """mutation { metafieldDefinitionCreate(definition: {name: "Tier", key: "tier",
      namespace: "kopru", ownerType: CUSTOMER, type: "single_line_text_field"}) {
      createdDefinition { id namespace } userErrors { code } } }"""
    first, second = (ask(query)["data"]["metafieldDefinitionCreate"] for _ in range(2))
    assert first["createdDefinition"]["namespace"] == "kopru"
    assert (first["userErrors"], second["userErrors"]) == ([], [{"code": "TAKEN"}])
    untyped = entry(1, "gold")
    del untyped["type"]
    assert ask(SET, m=[untyped])["data"]["metafieldsSet"]["userErrors"] == []


def test_tags_add_and_updates_replace(ask: Ask, shop: Shopify) -> None:
    query = 'mutation { tagsAdd(id: "gid://shopify/Customer/1", tags: ["%s"]) '
    query += "{ node { id } userErrors { message } } }"
    for tag in ("a", "b", "b"):
        assert ask(query % tag)["data"]["tagsAdd"]["node"]["id"] == "gid://shopify/Customer/1"
    assert (shop.tags["1"], shop.writes) == (["a", "b"], 2)
    ask(UPDATE, input={"id": "gid://shopify/Customer/1", "tags": ["c"]})
    assert shop.tags["1"] == ["c"]


def test_counts_and_scopes(ask: Ask, shop: Shopify) -> None:
    query = "{ customersCount(limit: 10) { count precision } ordersCount { count precision } "
    query += "currentAppInstallation { accessScopes { handle } } }"
    data = ask(query)["data"]
    assert data["customersCount"] == {"count": 10, "precision": "AT_LEAST"}
    assert data["ordersCount"] == {"count": 30, "precision": "EXACT"}
    shop.scopes -= {"read_orders", "write_customers"}
    denied = ask("{ ordersCount { count } }")["errors"][0]
    assert denied["extensions"]["code"] == "ACCESS_DENIED"
    assert "write_customers" in ask(SET, m=[entry(1, "gold")])["errors"][0]["message"]


def test_cost_is_asked_paid_and_restored(customers: list[Customer], orders: list[Order]) -> None:
    moment = [0.0]
    shop = Shopify(
        customers, orders, static_token="t", bucket=1000, restore=50, clock=lambda: moment[0]
    )
    http = TestClient(shop.app(), headers={"X-Shopify-Access-Token": "t"})

    def ask(query: str) -> Any:
        answer = http.post(f"{API}/graphql.json", json={"query": query})
        assert answer.status_code == 200  # also when throttled
        return answer.json()

    many = "{ customers(first: 250) { nodes { id defaultEmailAddress { emailAddress } } } }"
    first = ask(many)["extensions"]["cost"]
    assert (first["requestedQueryCost"], first["actualQueryCost"]) == (500, 50)
    assert first["throttleStatus"]["currentlyAvailable"] == 950
    for _ in range(10):
        ask(many)
    throttled = ask(many)
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert throttled["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 450
    moment[0] += 1
    assert "errors" not in ask(many)
    dear = ask("{ orders(first: 250) { nodes { lineItems(first: 10) { nodes { id } } } } }")
    assert dear["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert dear["errors"][0]["extensions"]["cost"] == 2750


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ customers(first: 251) { nodes { id } } }", "250"),
        ("{ customers { nodes { id } } }", "first"),
        ('{ customers(first: 1, after: "x") { nodes { id } } }', "cursor"),
        ("{ nonsense }", "nonsense"),
        ("{", "Syntax"),
    ],
)
def test_bad_queries_are_told_in_a_200(http: TestClient, query: str, said: str) -> None:
    answer = http.post(f"{API}/graphql.json", json={"query": query})
    assert answer.status_code == 200
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("fault", "status"), [("throttled", 200), ("server_error", 502), ("html", 200)]
)
def test_faults_answer_once(http: TestClient, shop: Shopify, fault: str, status: int) -> None:
    shop.faults.append(fault)
    body = {"query": "{ shop { name } }"}
    broken, healed = (http.post(f"{API}/graphql.json", json=body) for _ in range(2))
    assert (broken.status_code, "Sandbox" in broken.text) == (status, False)
    assert "Sandbox" in healed.text


def test_slow_done_and_short_page(http: TestClient, ask: Ask, shop: Shopify) -> None:
    shop.faults += ["slow_done", "short_page"]
    assert "errors" not in ask("{ shop { name } }")
    body = {"query": SET, "variables": {"m": [entry(1, "gold")]}}
    assert http.post(f"{API}/graphql.json", json=body).status_code == 504
    assert shop.given["1"] == {"kopru.tier": "gold"}
    page = ask("{ customers(first: 5) { nodes { id } pageInfo { endCursor } } }")
    assert len(page["data"]["customers"]["nodes"]) == 4


def differences(ours: GraphQLSchema, theirs: GraphQLSchema) -> list[str]:
    """What our schema has that the vendor's lacks or has otherwise."""
    found = []
    for name, type_ in ours.type_map.items():
        if name.startswith("__") or name in ("Query", "Mutation"):
            continue
        other = theirs.type_map.get(name)
        if other is None or type(other) is not type(type_):
            found.append(name)
        elif is_enum_type(type_):
            found += [f"{name}.{v}" for v in type_.values if v not in other.values]
        else:
            found += _fields(name, type_, other)
    for name in ("Query", "Mutation"):
        operation = name.lower()
        found += _fields(
            name, getattr(ours, f"{operation}_type"), getattr(theirs, f"{operation}_type")
        )
    return found


def _fields(name: str, ours: Any, theirs: Any) -> list[str]:
    found = []
    for field, wanted in getattr(ours, "fields", {}).items():
        other = theirs.fields.get(field)
        if other is None or str(other.type) != str(wanted.type):
            found.append(f"{name}.{field}")
        elif not is_input_object_type(ours):
            found += [
                f"{name}.{field}({argument})"
                for argument, given in wanted.args.items()
                if argument not in other.args
                or str(other.args[argument].type) != str(given.type)
                or other.args[argument].default_value != given.default_value
            ]
    return found


def test_schema_is_a_part_of_the_vendors() -> None:
    if not SPEC.exists():
        pytest.skip(f"{SPEC} is not there to compare with")
    theirs = build_schema(gzip.decompress(SPEC.read_bytes()).decode(), assume_valid=True)
    assert differences(SCHEMA, theirs) == []


def test_a_difference_would_be_found() -> None:
    theirs = build_schema("type Query { a(b: Int): String } type Mutation { c: Int }")
    ours = build_schema("type Query { a(b: String): String } type Mutation { c: String d: Int }")
    assert differences(ours, theirs) == ["Query.a(b)", "Mutation.c", "Mutation.d"]
