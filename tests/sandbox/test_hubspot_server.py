"""The CRM against the vendor's own client, and against what its documents promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot import HubSpot as VendorClient
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInputUpsert,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException
from starlette.testclient import TestClient

from sandbox.hubspot import HubSpot
from sandbox.records import Customer, Order
from sandbox.serving import serving

NEW, OLD = "/crm/objects/2026-09", "/crm/v3/objects"
UNKNOWN = "PROPERTY_DOESNT_EXIST"


@pytest.fixture
def crm(customers: list[Customer], orders: list[Order]) -> HubSpot:
    return HubSpot(customers, orders, token="pat-test")


@pytest.fixture
def api(crm: HubSpot) -> Iterator[VendorClient]:
    with serving(crm.app()) as url:
        yield VendorClient(access_token="pat-test", host=url)


@pytest.fixture
def http(crm: HubSpot) -> TestClient:
    client = TestClient(crm.app())
    client.headers["Authorization"] = "Bearer pat-test"
    return client


def upsert(*emails: str, **properties: str) -> dict[str, Any]:
    inputs = [{"id": e, "idProperty": "email", "properties": properties} for e in emails]
    return {"inputs": inputs}


def found(http: TestClient, *filters: dict[str, Any], kind: str = "contacts") -> list[str]:
    groups = {"filterGroups": [{"filters": list(filters)}], "limit": 200}
    answer = http.post(f"{NEW}/{kind}/search", json=groups)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["results"]]


def test_vendor_client_lists_two_pages(api: VendorClient) -> None:
    first = api.crm.contacts.basic_api.get_page(limit=20, properties=["email", "city"])
    after = first.paging.next.after
    second = api.crm.contacts.basic_api.get_page(limit=20, after=after)
    ids = [row.id for row in [*first.results, *second.results]]
    assert ids == [str(number) for number in range(1, 26)]
    assert second.paging is None
    assert set(first.results[0].properties) == {
        *("email", "city"),
        *("hs_object_id", "createdate", "lastmodifieddate"),
    }
    assert len(api.crm.deals.get_all()) == 30


def test_vendor_client_creates_updates_and_batches_with_a_bad_row(
    api: VendorClient, crm: HubSpot
) -> None:
    contacts = api.crm.contacts
    body = SimplePublicObjectInputForCreate(
        properties={"email": "yeni@example.com"}, associations=[]
    )
    made = contacts.basic_api.create(simple_public_object_input_for_create=body)
    changes = SimplePublicObjectInput(properties={"city": "Van"})
    contacts.basic_api.update(made.id, simple_public_object_input=changes)
    assert (crm.customers[made.id].email, crm.customers[made.id].city) == (
        "yeni@example.com",
        "Van",
    )
    with pytest.raises(ApiException) as refusal:
        contacts.basic_api.create(simple_public_object_input_for_create=body)
    assert refusal.value.status == 409
    assert f"Contact already exists. Existing ID: {made.id}" in refusal.value.body
    inputs = upsert("cigdem1@example.com", city="Muş")
    inputs["inputs"].append(
        {"id": "cigdem2@example.com", "idProperty": "email", "properties": {"nonsense": "x"}}
    )
    answer = contacts.batch_api.upsert(
        batch_input_simple_public_object_batch_input_upsert=(
            BatchInputSimplePublicObjectBatchInputUpsert(**inputs)
        )
    )
    assert [(row.id, row.new) for row in answer.results] == [("1", False)]
    assert answer.num_errors == 1
    assert answer.errors[0].errors[0].code == UNKNOWN
    assert crm.customers["1"].city == "Muş"
    assert crm.writes == 3


def test_vendor_client_searches(api: VendorClient) -> None:
    request = PublicObjectSearchRequest(
        filter_groups=[
            {
                "filters": [
                    {"propertyName": "email", "operator": "EQ", "value": "CIGDEM7@example.com"}
                ]
            }
        ],
        limit=5,
    )
    answer = api.crm.contacts.search_api.do_search(public_object_search_request=request)
    assert [row.id for row in answer.results] == ["7"]


@pytest.mark.parametrize(("root", "status"), [(NEW, 200), (OLD, 207)])
def test_upsert_tells_bad_items_by_age_of_the_path(
    http: TestClient, crm: HubSpot, root: str, status: int
) -> None:
    body = upsert("cigdem1@example.com", "kötü adres", "new@example.com", city="Of")
    answer = http.post(f"{root}/contacts/batch/upsert", json=body)
    told = answer.json()
    assert answer.status_code == status
    assert [row["new"] for row in told["results"]] == [False, True]
    assert told["numErrors"] == 1
    assert told["errors"][0]["category"] == "VALIDATION_ERROR"
    assert told["errors"][0]["context"] == {"ids": ["kötü adres"]}
    clean = http.post(
        f"{root}/contacts/batch/upsert", json=upsert("cigdem1@example.com", city="Of")
    )
    assert clean.status_code == 200
    assert "numErrors" not in clean.json()
    assert crm.writes == 2


def test_batches_are_refused_whole(http: TestClient) -> None:
    twice = http.post(f"{NEW}/contacts/batch/upsert", json=upsert("a@example.com", "A@example.com"))
    many = upsert(*(f"n{number}@example.com" for number in range(101)))
    too_many = http.post(f"{NEW}/contacts/batch/upsert", json=many)
    assert (twice.status_code, too_many.status_code) == (400, 400)
    by_email = {"inputs": [{"id": "a@example.com", "idProperty": "email", "properties": {}}]}
    answer = http.post(f"{NEW}/contacts/batch/update", json=by_email).json()
    assert "non-unique" in answer["errors"][0]["message"]


def test_batch_read_names_what_is_missing(http: TestClient) -> None:
    body = {"inputs": [{"id": "1"}, {"id": "999"}], "properties": ["city"]}
    told = http.post(f"{NEW}/contacts/batch/read", json=body).json()
    assert [row["properties"]["city"] for row in told["results"]] == ["İzmir"]
    assert told["errors"][0]["context"] == {"ids": ["999"]}


def test_modification_date_moves_only_when_a_value_changes(http: TestClient, crm: HubSpot) -> None:
    before = crm.customers["1"].updated_at
    http.patch(f"{NEW}/contacts/1", json={"properties": {"city": "İzmir"}})
    assert (crm.customers["1"].updated_at, crm.writes) == (before, 0)
    http.patch(f"{NEW}/contacts/1", json={"properties": {"city": "Bolu"}})
    assert crm.customers["1"].updated_at > before
    assert crm.writes == 1


def test_properties_must_be_created_before_use(http: TestClient, crm: HubSpot) -> None:
    write = {"properties": {"kopru_tier": "gold"}}
    refused = http.patch(f"{NEW}/contacts/1", json=write)
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")
    assert refused.json()["errors"][0]["code"] == UNKNOWN
    group = {"name": "kopru", "label": "Köprü"}
    definition = {
        "name": "kopru_tier",
        "label": "Tier",
        "type": "string",
        "fieldType": "text",
        "groupName": "kopru",
    }
    root = "/crm/properties/2026-09/contacts"
    assert http.get(f"{root}/kopru_tier").status_code == 404
    assert http.post(root, json=definition).status_code == 400  # no such group yet
    made = [http.post(f"{root}/groups", json=group), http.post(root, json=definition)]
    again = [http.post(f"{root}/groups", json=group), http.post(root, json=definition)]
    assert [answer.status_code for answer in made + again] == [201, 201, 409, 409]
    assert http.patch(f"{NEW}/contacts/1", json=write).status_code == 200
    assert crm.given["1"] == {"kopru_tier": "gold"}
    shown = http.get(f"{NEW}/contacts/1?properties=kopru_tier,nonsense").json()["properties"]
    assert shown["kopru_tier"] == "gold"
    assert "nonsense" not in shown


def test_values_must_fit_their_type(http: TestClient) -> None:
    for name, value, code in (
        ("email", "nonsense", "INVALID_EMAIL"),
        ("date_of_birth", "31.12.1990", "INVALID_DATE"),
        ("lastmodifieddate", "0", "READ_ONLY_VALUE"),
    ):
        answer = http.patch(f"{NEW}/contacts/1", json={"properties": {name: value}})
        assert answer.json()["errors"][0]["code"] == code


def test_search_compares_milliseconds_or_iso(http: TestClient) -> None:
    # Contact n was modified at 2026-03-01 10:00:00.5 UTC plus n hours.
    modified = {"propertyName": "lastmodifieddate", "operator": "GTE"}
    iso = found(http, modified | {"value": "2026-03-02T09:00:00.500Z"})
    milliseconds = found(http, modified | {"value": "1772442000500"})
    assert iso == milliseconds == ["23", "24", "25"]
    assert found(http, modified | {"value": "1772442000501"}) == ["24", "25"]
    between = {"operator": "BETWEEN", "value": "1772442000500", "highValue": "1772445600500"}
    assert found(http, modified | between) == ["23", "24"]


def test_search_operators(http: TestClient, crm: HubSpot) -> None:
    crm.change("4", email="")
    email = {"propertyName": "email"}
    assert found(http, email | {"operator": "NOT_HAS_PROPERTY"}) == ["4"]
    assert len(found(http, email | {"operator": "HAS_PROPERTY"})) == 24
    listed = {"operator": "IN", "values": ["cigdem2@example.com", "cigdem4@example.com"]}
    assert found(http, email | listed) == ["2"]
    token = {"operator": "CONTAINS_TOKEN", "value": "cigdem1*"}
    assert found(http, email | token) == ["1", *map(str, range(10, 20))]
    number = {"propertyName": "hs_object_id", "operator": "GT", "value": "9"}
    assert found(http, number)[0] == "10"
    amount = {"propertyName": "amount", "operator": "GT", "value": "124.99"}
    assert len(found(http, amount, kind="deals")) == 30


def test_search_pages_sorts_and_ends_at_ten_thousand(http: TestClient) -> None:
    sort = {"sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}]}
    first = http.post(f"{NEW}/contacts/search", json={**sort, "limit": 20}).json()
    assert (first["total"], first["results"][0]["id"]) == (25, "25")
    after = first["paging"]["next"]["after"]
    second = http.post(f"{NEW}/contacts/search", json={**sort, "limit": 20, "after": after}).json()
    assert [row["id"] for row in second["results"]] == ["5", "4", "3", "2", "1"]
    assert "paging" not in second
    for body in ({"limit": 201}, {"limit": 100, "after": "9901"}, {"filterGroups": [{}] * 6}):
        assert http.post(f"{NEW}/contacts/search", json=body).status_code == 400


def test_deals_name_their_contact(http: TestClient) -> None:
    rows = http.get(f"{NEW}/deals?limit=2&associations=contacts").json()["results"]
    assert rows[0]["associations"]["contacts"]["results"] == [
        {"id": "1", "type": "deal_to_contact"}
    ]
    assert "associations" not in rows[1]  # a deal of nobody
    body = {"inputs": [{"id": "101"}, {"id": "102"}]}
    path = "/crm/associations/2026-09/deals/contacts/batch/read"
    read = http.post(path, json=body).json()["results"]
    assert [row["to"][0]["toObjectId"] for row in read] == [1]


def test_archived_leave_lists_and_searches(http: TestClient) -> None:
    assert http.delete(f"{NEW}/contacts/3").status_code == 204
    assert http.get(f"{NEW}/contacts/3").status_code == 404
    gone = http.get(f"{NEW}/contacts?archived=true").json()["results"]
    assert [(row["id"], row["archived"]) for row in gone] == [("3", True)]
    number = {"propertyName": "hs_object_id", "operator": "LT", "value": "5"}
    assert found(http, number) == ["1", "2", "4"]


def test_credentials_and_scopes(http: TestClient, crm: HubSpot) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer other"}):
        answer = http.get(f"{NEW}/contacts", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    crm.scopes.remove("crm.objects.contacts.write")
    assert http.get(f"{NEW}/contacts").status_code == 200
    refused = http.patch(f"{NEW}/contacts/1", json={"properties": {}})
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")


def test_limits_roll(customers: list[Customer]) -> None:
    moment = [100.0]
    crm = HubSpot(
        customers, [], "pat", requests_per_10s=3, searches_per_s=1, clock=lambda: moment[0]
    )
    http = TestClient(crm.app())
    http.headers["Authorization"] = "Bearer pat"
    search = http.post(f"{NEW}/contacts/search", json={})
    assert "X-HubSpot-RateLimit-Remaining" not in search.headers
    quick = http.post(f"{NEW}/contacts/search", json={})
    assert (quick.status_code, quick.json()["policyName"]) == (429, "SECONDLY")
    moment[0] += 5
    listed = [http.get(f"{NEW}/{path}") for path in ("contacts", "contacts/0", "contacts")]
    assert [answer.status_code for answer in listed] == [200, 404, 429]  # a no counts, too
    assert listed[1].headers["X-HubSpot-RateLimit-Remaining"] == "0"
    assert listed[2].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    moment[0] += 5
    assert http.get(f"{NEW}/contacts").status_code == 200  # the search left the window


@pytest.mark.parametrize(
    ("fault", "status"),
    [("rate_limited", 429), ("locked", 423), ("server_error", 502), ("html", 200)],
)
def test_faults_answer_once(http: TestClient, crm: HubSpot, fault: str, status: int) -> None:
    crm.faults.append(fault)
    broken, healed = (http.get(f"{NEW}/contacts") for _ in range(2))
    assert broken.status_code == status
    assert ("results" in broken.text, "results" in healed.text) == (False, True)


def test_slow_done_and_short_page(http: TestClient, crm: HubSpot) -> None:
    crm.faults += ["slow_done", "short_page"]
    assert http.post(f"{NEW}/contacts/search", json={}).status_code == 200
    answer = http.patch(f"{NEW}/contacts/1", json={"properties": {"city": "Of"}})
    assert (answer.status_code, crm.customers["1"].city) == (504, "Of")
    short = http.post(f"{NEW}/contacts/search", json={}).json()
    assert (short["total"], len(short["results"])) == (25, 9)


def test_every_value_is_text(http: TestClient) -> None:
    names = "amount,dealstage,deal_currency_code"
    shown = http.get(f"{NEW}/deals/105?properties={names}").json()["properties"]
    assert shown["amount"] == "125.00"
    assert (shown["deal_currency_code"], shown["dealstage"]) == ("EUR", "closedwon")
