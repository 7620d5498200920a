"""The client against what a real store answered, faults included."""

from __future__ import annotations

import re
from typing import Any

import pytest

from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.woocommerce import WooCommerce, connect
from systems import Connection, System
from tests.clients.recorded import case, needed
from tests.clients.scripted import URL, Given, Scripted, answer, script


def store(*given: Given, host: str = URL) -> tuple[WooCommerce, Scripted]:
    connection = Connection(host=host, login="ck_a", password="cs_secret")
    client = connect(System("shop", "woocommerce", connection=connection), sleep=lambda s: None)
    return client, script(client.http.session, *given)


@needed
@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("err_400_bad_date", Refused, r"Invalid parameter\(s\): modified_after; Invalid date"),
        ("err_400_per_page_101", Refused, r"per_page must be between 1 .* \(rest_invalid_param\)"),
        ("err_401_bad_key", Denied, r"cannot list resources\. \(woocommerce_rest_cannot_view\)"),
        ("err_401_bad_secret", Denied, r"Consumer secret is invalid"),
        ("err_401_basic_over_http", Denied, r"Airflow connection 'shop'"),
        ("err_401_no_auth", Denied, r"401"),
        ("err_401_readonly_key_write", Denied, r"does not have write permissions"),
        ("oauth_nonce_replay", Denied, r"nonce has already been used"),
        ("err_404_order", Refused, r"Invalid ID\. \(woocommerce_rest_shop_order_invalid_id\)"),
        ("err_404_route", Refused, r"No route was found .* \(rest_no_route\)"),
        ("fault_plugin_inactive", Refused, r"rest_no_route"),
        ("err_refund_too_much", Refused, r"Invalid refund amount"),
        ("fault_db_down", Unavailable, r"answered 500: text/html, 'Database Error"),
        ("fault_php_fatal", Unavailable, r"answered 500: text/html, 'WordPress › Error"),
        ("fault_maintenance_mode", Unavailable, r"503: text/html, 'Maintenance.*wait 600 s"),
        ("fault_php_warning_before_json", Implausible, r"Undefined variable in plugin.php"),
        ("fault_plain_permalinks_GET", Implausible, r"redirects to https://shop.example/"),
        ("fault_plain_permalinks_PUT", Implausible, r"text/html"),
    ],
)
def test_recorded_trouble_says_what_it_is(name: str, kind: type[ClientError], said: str) -> None:
    client, _ = store(case(name))
    with pytest.raises(kind) as caught:
        client.page("customers", {})
    assert re.search(said, str(caught.value)), str(caught.value)
    assert str(caught.value).startswith("shop: ")
    assert "cs_secret" not in str(caught.value)
    assert len(str(caught.value)) < 600


@needed
def test_recorded_batches_answer_every_item() -> None:
    client, _ = store(case("customers_batch_update_100"))
    items = client.update_customers([{"id": n} for n in range(202, 302)])
    assert [item["id"] for item in items] == list(range(202, 302))
    client, _ = store(case("customers_batch_mixed"))
    good, gone, _ = client.update_customers([{"id": 102}, {"id": 99999999}, {}])
    assert good["id"] == 102
    assert gone["error"]["message"] == "Invalid user ID."
    client, _ = store(case("customers_batch_101"))
    with pytest.raises(Refused, match="413"):
        client.update_customers([{"id": n} for n in range(101)])


def test_every_attempt_over_http_is_signed_with_a_new_nonce() -> None:
    busy, good = answer(503, ""), answer(200, [], {"X-WP-Total": "0"})
    client, adapter = store(busy, good)
    client.page("customers", {"search": "Şahin"})
    first, second = adapter.queries()
    assert first["oauth_signature_method"] == "HMAC-SHA256"
    assert first["oauth_nonce"] != second["oauth_nonce"]
    assert "Authorization" not in adapter.asked[0].headers


def test_over_https_key_and_secret_are_basic() -> None:
    client, adapter = store(answer(200, [], {"X-WP-Total": "0"}), host="https://shop.example")
    client.page("customers", {})
    assert adapter.asked[0].headers["Authorization"].startswith("Basic ")
    assert "oauth_nonce" not in adapter.queries()[0]


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        ([{"id": 1}], {}, "X-WP-Total"),
        ([], {"X-WP-Total": ""}, "X-WP-Total"),
        (["x"], {"X-WP-Total": "1"}, "not a JSON list of objects"),
    ],
)
def test_a_list_holds_records_and_says_how_long_it_is(
    body: Any, headers: dict[str, str], said: str
) -> None:
    client, _ = store(answer(200, body, headers))
    with pytest.raises(Implausible, match=said):
        client.page("orders", {})


def test_missing_keys_are_denied_before_anything_is_sent() -> None:
    system = System("shop", "woocommerce", connection=Connection(host=URL))
    with pytest.raises(Denied, match="login and password into the Airflow connection 'shop'"):
        connect(system)
