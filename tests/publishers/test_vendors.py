"""What only one vendor does with a bad row among good ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import clients.hubspot
import clients.shopify
import publishers.hubspot
import publishers.shopify
from clients import Refused
from publishers import Due, Field
from sandbox.hubspot.problems import Problem
from systems import Connection, System
from tests.clients.scripted import URL, answer, script
from tests.kinds import KINDS, Running
from tests.publishers.test_standard import FIELDS, given, states


@pytest.fixture
def shop() -> Iterator[Running]:
    kind = next(kind for kind in KINDS if kind.name == "shopify")
    with kind.running(customers=60, orders=0) as running:
        yield running


@pytest.fixture
def crm() -> Iterator[Running]:
    kind = next(kind for kind in KINDS if kind.name == "hubspot")
    with kind.running(customers=60, orders=0) as running:
        yield running


def due(record: int, **values: str | None) -> Due:
    return Due(str(record), f"c-{record}", values)


def test_shopify_stores_all_others_when_one_value_is_bad(shop: Running) -> None:
    client = clients.shopify.connect(shop.system)
    publishers.shopify.prepare(client, FIELDS)
    rows = [due(n, tier="gold", orders="many" if n in (3, 17) else "3") for n in range(1, 41)]
    outcomes = publishers.shopify.send(client, rows)
    refused = {o.record: o.detail for o in outcomes if o.state == "refused"}
    assert refused.keys() == {"3", "17"}
    assert refused["3"] == "Value is not valid for the type number_integer (INVALID_VALUE)"
    assert all(given(shop, str(n)) == {"tier": "gold", "orders": "3"} for n in (1, 2, 4, 16, 40))
    assert given(shop, "3") == {}


def test_shopify_clears_nothing_in_a_row_it_refuses(shop: Running) -> None:
    client = clients.shopify.connect(shop.system)
    publishers.shopify.prepare(client, FIELDS)
    publishers.shopify.send(client, [due(1, tier="gold"), due(2, tier="gold")])
    rows = [due(1, tier=None, orders="many"), due(2, tier=None, orders="3")]
    assert states(publishers.shopify.send(client, rows)) == {"1": "refused", "2": "accepted"}
    assert (given(shop, "1"), given(shop, "2")) == ({"tier": "gold"}, {"orders": "3"})


def test_shopify_takes_25_values_a_call_and_keeps_rows_together(shop: Running) -> None:
    client = clients.shopify.connect(shop.system)
    publishers.shopify.prepare(client, FIELDS)
    asked = shop.store.requests
    rows = [due(n, tier="a", orders="1", revenue="1.5") for n in range(1, 25)]
    assert set(states(publishers.shopify.send(client, rows)).values()) == {"accepted"}
    assert shop.store.requests - asked == 3


def test_shopify_takes_full_ids_too(shop: Running) -> None:
    client = clients.shopify.connect(shop.system)
    publishers.shopify.prepare(client, FIELDS)
    record = "gid://shopify/Customer/9"
    [outcome] = publishers.shopify.send(client, [Due(record, "c-9", {"tier": "gold"})])
    assert (outcome.record, outcome.state) == (record, "accepted")
    assert given(shop, "9") == {"tier": "gold"}


def test_shopify_definitions_carry_the_types_and_are_made_once(shop: Running) -> None:
    client = clients.shopify.connect(shop.system)
    publishers.shopify.prepare(client, FIELDS)
    made = dict(shop.store.definitions.types)
    assert made["CUSTOMER", "kopru.revenue"] == "number_decimal"
    assert made["CUSTOMER", "kopru.first_order"] == "date"
    publishers.shopify.prepare(client, FIELDS)
    assert shop.store.definitions.types == made
    with pytest.raises(Refused, match="metafield kopru.x: Key is too short"):
        publishers.shopify.prepare(client, {"x": Field("x", "X", "text")})


def test_a_write_without_scope_stops(shop: Running) -> None:
    shop.store.scopes.discard("write_customers")
    with pytest.raises(clients.Denied, match="write_customers"):
        publishers.shopify.send(clients.shopify.connect(shop.system), [due(1, tier="gold")])


def test_hubspot_makes_properties_with_types_and_one_group(crm: Running) -> None:
    client = clients.hubspot.connect(crm.system)
    publishers.hubspot.prepare(client, FIELDS)
    made = crm.store.schemas["contacts"].properties
    types = {name: made[f"kopru_{name}"]["type"] for name in FIELDS}
    assert types == {
        "tier": "string",
        "orders": "number",
        "revenue": "number",
        "first_order": "date",
        "omnichannel": "bool",
    }
    assert {made[f"kopru_{name}"]["groupName"] for name in FIELDS} == {"kopru"}


def test_hubspot_names_the_bad_row_inside_a_200(crm: Running) -> None:
    client = clients.hubspot.connect(crm.system)
    publishers.hubspot.prepare(client, FIELDS)
    rows = [due(n, orders="many" if n == 3 else "3") for n in range(1, 41)]
    outcomes = publishers.hubspot.send(client, rows)
    [refused] = [o for o in outcomes if o.state == "refused"]
    assert refused.record == "3"
    assert "many is not valid for kopru_orders" in refused.detail
    assert given(crm, "40") == {"orders": "3"}


def test_hubspot_refusing_a_whole_batch_is_taken_apart(
    crm: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An admin's validation rule refuses the batch with 400 and names nobody."""
    client = clients.hubspot.connect(crm.system)
    publishers.hubspot.prepare(client, FIELDS)
    real = client.update

    def ruled(kind: str, inputs: list[dict[str, object]]) -> object:
        if any(item["id"] == "13" for item in inputs):
            problem = Problem(400, "VALIDATION_ERROR", "Tier is required for this stage")
            raise Refused("my_hubspot", problem.body["message"])
        return real(kind, inputs)

    monkeypatch.setattr(client, "update", ruled)
    outcomes = publishers.hubspot.send(client, [due(n, tier="gold") for n in range(1, 41)])
    refused = {o.record: o.detail for o in outcomes if o.state == "refused"}
    assert refused == {"13": "Tier is required for this stage"}
    assert len(outcomes) == 40
    assert given(crm, "14") == {"tier": "gold"}


def test_hubspot_rows_nobody_mentions_are_tried_again_or_asked_alone() -> None:
    system = System("crm", "hubspot", connection=Connection(host=URL, password="pat-1"))
    client = clients.hubspot.connect(system)
    silent = answer(body={"status": "COMPLETE", "results": [{"id": "1"}]})
    script(client.http.session, silent)
    outcomes = publishers.hubspot.send(client, [due(1, tier="a"), due(2, tier="a")])
    assert states(outcomes) == {"1": "accepted", "2": "retry"}
    nameless = {"results": [], "numErrors": 1, "errors": [{"message": "no", "category": "X"}]}
    script(client.http.session, answer(body=nameless))
    outcomes = publishers.hubspot.send(client, [due(1, tier="a"), due(2, tier="a")])
    assert {(o.record, o.state, o.detail) for o in outcomes} == {
        ("1", "refused", "no (X)"),
        ("2", "refused", "no (X)"),
    }
