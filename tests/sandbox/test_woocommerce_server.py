"""The web shop against the vendor's own client, and what real stores were seen to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1
from starlette.testclient import TestClient
from woocommerce import API

from sandbox.records import Customer, Order
from sandbox.serving import serving
from sandbox.woocommerce import WooCommerce

ROOT = "/wp-json/wc/v3"


@pytest.fixture
def shop(customers: list[Customer], orders: list[Order]) -> WooCommerce:
    return WooCommerce(customers, orders, key="ck_test", secret="cs_test")


@pytest.fixture
def url(shop: WooCommerce) -> Iterator[str]:
    with serving(shop.app()) as base:
        yield base


@pytest.fixture
def api(url: str) -> API:
    return API(url=url, consumer_key="ck_test", consumer_secret="cs_test", timeout=10)


@pytest.fixture
def https(shop: WooCommerce) -> TestClient:
    """The same store behind https, where keys go as Basic."""
    client = TestClient(shop.app(), base_url="https://shop.example")
    client.auth = ("ck_test", "cs_test")
    return client


def ids(response: Any) -> list[int]:
    return [row["id"] for row in response.json()]


def test_vendor_client_lists_two_pages(api: API) -> None:
    params = {"per_page": 20, "orderby": "id", "order": "asc", "role": "all"}
    first, second = (api.get("customers", params={**params, "page": page}) for page in (1, 2))
    assert ids(first) == list(range(1, 21))
    assert ids(second) == list(range(21, 26))
    assert first.headers["X-WP-Total"] == "25"
    assert first.headers["X-WP-TotalPages"] == "2"
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="next"' not in second.headers["Link"]


def test_vendor_client_creates_updates_and_batches_with_a_bad_row(
    api: API, shop: WooCommerce
) -> None:
    made = api.post("customers", {"email": "yeni@example.com", "first_name": "Şule"})
    assert made.status_code == 201
    number = made.json()["id"]
    assert shop.customers[str(number)].first_name == "Şule"
    changed = api.put(f"customers/{number}", {"meta_data": [{"key": "tier", "value": "gold"}]})
    assert {"key": "tier", "value": "gold"}.items() <= changed.json()["meta_data"][0].items()
    batch = api.post(
        "customers/batch",
        {
            "update": [
                {"id": 1, "meta_data": [{"key": "tier", "value": "gold"}]},
                {"id": 999_999, "first_name": "nobody"},
            ],
            "create": [{"email": "cigdem2@example.com"}],
        },
    )
    assert batch.status_code == 200
    good, bad = batch.json()["update"]
    assert good["id"] == 1
    assert bad == {
        "id": 999_999,
        "error": {
            "code": "wc_user_invalid_id",
            "message": "Invalid user ID.",
            "data": {"status": 404},
        },
    }
    assert batch.json()["create"][0]["error"]["code"] == "registration-error-email-exists"
    assert shop.given["1"] == {"tier": "gold"}
    assert shop.writes == 3
    with pytest.raises(requests.HTTPError, match="404"):  # what the client's users are given
        api.get("customers/999999").raise_for_status()


def test_same_values_again_are_no_write_but_set_the_date(api: API, shop: WooCommerce) -> None:
    api.put("customers/1", {"meta_data": [{"key": "tier", "value": "gold"}]})
    dated = shop.customers["1"].updated_at
    api.put("customers/1", {"meta_data": [{"key": "tier", "value": "gold"}]})
    assert shop.writes == 1
    assert shop.customers["1"].updated_at > dated


def test_meta_data_rules(https: TestClient) -> None:
    meta = [
        {"key": "_hidden", "value": "x"},
        {"key": "points", "value": 42},
        {"key": "vip", "value": True},
        {"key": "tags", "value": ["a", "ş"]},
    ]
    row = https.put(f"{ROOT}/customers/1", json={"meta_data": meta}).json()
    stored = {item["key"]: item["value"] for item in row["meta_data"]}
    assert stored == {"newsletter": "no", "points": "42", "vip": "1", "tags": ["a", "ş"]}
    gone = {"meta_data": [{"key": "points", "value": None}]}
    row = https.put(f"{ROOT}/customers/1", json=gone).json()
    assert "points" not in {item["key"] for item in row["meta_data"]}


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
@pytest.mark.parametrize("place", ["query", "auth_header"])
def test_oauth_in_query_or_header(url: str, method: str, place: str) -> None:
    auth = OAuth1("ck_test", "cs_test", signature_method=method, signature_type=place)
    params = {"search": "Işık1", "per_page": "2", "orderby": "id", "status[]": "a b+c&d"}
    response = requests.get(f"{url}{ROOT}/customers", params=params, auth=auth, timeout=10)
    assert response.status_code == 200, response.text
    assert ids(response) == [1, 10]


def test_a_signature_serves_once_and_for_its_own_request(url: str) -> None:
    auth = OAuth1("ck_test", "cs_test", signature_type="query")
    request = requests.Request("GET", f"{url}{ROOT}/customers", auth=auth).prepare()
    with requests.Session() as session:
        assert session.send(request, timeout=10).status_code == 200
        again = session.send(request, timeout=10)
        assert again.json()["message"] == "Invalid nonce - nonce has already been used."
        request = requests.Request("GET", f"{url}{ROOT}/customers", auth=auth).prepare()
        request.url = f"{request.url}&per_page=5"
        other = session.send(request, timeout=10)
    assert (again.status_code, other.status_code) == (401, 401)
    assert other.json()["message"] == "Invalid signature - provided signature does not match."


def test_old_timestamp_and_foreign_host_are_refused(url: str) -> None:
    old = OAuth1("ck_test", "cs_test", timestamp=str(int(time.time()) - 901))
    answer = requests.get(f"{url}{ROOT}/orders", auth=old, timeout=10)
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid timestamp.")
    auth = OAuth1("ck_test", "cs_test", signature_type="query")
    signed = requests.Request("GET", f"http://shop.example{ROOT}/orders", auth=auth).prepare().url
    moved = str(signed).replace("http://shop.example", url)
    assert requests.get(moved, timeout=10).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}])
def test_keys_over_plain_http_are_a_stranger(url: str, headers: dict[str, str]) -> None:
    answer = requests.get(
        f"{url}{ROOT}/customers", auth=("ck_test", "cs_test"), headers=headers, timeout=10
    )
    assert answer.status_code == 401
    assert answer.json()["code"] == "woocommerce_rest_cannot_view"


def test_wrong_keys_over_https(https: TestClient) -> None:
    unknown = https.get(f"{ROOT}/customers", auth=("ck_other", "cs_test")).json()
    wrong = https.get(f"{ROOT}/customers", auth=("ck_test", "cs_other")).json()
    assert unknown["code"] == "woocommerce_rest_cannot_view"
    assert wrong["code"] == "woocommerce_rest_authentication_error"
    assert wrong["message"] == "Consumer secret is invalid."


@pytest.mark.parametrize(
    "query",
    [
        "per_page=101",
        "per_page=0",
        "page=0",
        "modified_after=2026-03-01",
        "modified_after=2026-03-01T00:00:00+03:00",
        "orderby=customer",
        "status=lost",
    ],
)
def test_invalid_parameters(https: TestClient, query: str) -> None:
    answer = https.get(f"{ROOT}/orders?{query}")
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"] == "rest_invalid_param"
    assert list(body["data"]["params"])[0].split("[")[0] == query.split("=")[0]


def test_modified_after_means_what_real_stores_take_it_for(https: TestClient) -> None:
    # Order 110 was modified at 2026-03-11 10:00:03.5 UTC, stored as 10:00:03.
    def after(moment: str, **more: str) -> int:
        params = {"modified_after": moment, "per_page": "1", **more}
        return int(https.get(f"{ROOT}/orders", params=params).headers["X-WP-Total"])

    gmt = {"dates_are_gmt": "true"}
    assert after("2026-03-11T10:00:02", **gmt) == 21
    assert after("2026-03-11T10:00:03", **gmt) == 20
    assert after("2026-03-11T10:00:02Z") == 21
    assert after("2026-03-11T13:00:02+03:00") == 21
    assert after("2026-03-11T13:00:02") == 21  # naive is the site's local time
    assert after("2026-03-11T08:00:00Z", **gmt) == 20  # silently three hours later
    assert after("2026-03-11T07:00:02Z", **gmt) == 21


def test_customers_ignore_modified_after_and_hide_other_roles(
    https: TestClient, shop: WooCommerce
) -> None:
    shop.roles["3"] = "subscriber"
    count = https.get(f"{ROOT}/customers?modified_after=2099-01-01T00:00:00").headers
    everyone = https.get(f"{ROOT}/customers?role=all").headers
    assert (count["X-WP-Total"], everyone["X-WP-Total"]) == ("24", "25")


def test_past_the_last_page(https: TestClient) -> None:
    customers, orders = (https.get(f"{ROOT}/{kind}?page=9") for kind in ("customers", "orders"))
    assert (customers.json(), orders.json()) == ([], [])
    assert (customers.status_code, orders.status_code) == (200, 200)
    assert (customers.headers["X-WP-Total"], orders.headers["X-WP-Total"]) == ("25", "0")


def test_orders_have_money_as_text_and_guests_as_zero(https: TestClient) -> None:
    guest = https.get(f"{ROOT}/orders/102").json()
    assert guest["customer_id"] == 0
    assert guest["billing"]["email"] == "ayse102@example.com"
    assert (guest["billing"]["first_name"], guest["billing"]["last_name"]) == ("Ayşe Nur", "Öz")
    assert guest["total"] == "125.00"
    assert [line["price"] for line in guest["line_items"]] == [12.5, 100]
    assert guest["date_modified"] == "2026-03-03T13:00:03"
    assert guest["date_modified_gmt"] == "2026-03-03T10:00:03"


def test_any_hides_the_trash(https: TestClient) -> None:
    https.delete(f"{ROOT}/orders/101")
    totals = [
        https.get(f"{ROOT}/orders", params=params).headers["X-WP-Total"]
        for params in ({}, {"status": "any,trash"}, {"status[]": ["trash"]})
    ]
    assert totals == ["29", "30", "1"]


def test_deleting_a_customer_leaves_guest_orders(https: TestClient, shop: WooCommerce) -> None:
    before = shop.orders["101"].updated_at
    assert https.delete(f"{ROOT}/customers/1").status_code == 501
    assert https.delete(f"{ROOT}/customers/1?force=true").json()["id"] == 1
    assert https.get(f"{ROOT}/customers/1").status_code == 404
    assert https.get(f"{ROOT}/orders/101").json()["customer_id"] == 0
    assert shop.orders["101"].updated_at > before


def test_batch_limits(https: TestClient) -> None:
    many = {"update": [{"id": 1, "meta_data": []}] * 101}
    answer = https.post(f"{ROOT}/customers/batch", json=many)
    assert answer.status_code == 413
    assert answer.json()["code"] == "woocommerce_rest_request_entity_too_large"
    assert https.post(f"{ROOT}/customers/batch", json={}).json() == []


def test_own_email_in_another_case_is_refused(https: TestClient) -> None:
    answer = https.put(f"{ROOT}/customers/1", json={"email": "CIGDEM1@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (
        400,
        "woocommerce_rest_customer_invalid_email",
    )


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("maintenance", 503, "<html"),
        ("database_down", 500, "database connection"),
        ("html", 200, "<html"),
        ("rate_limited", 429, "Too Many"),
        ("gone_plugin", 404, "rest_no_route"),
        ("php_warning", 200, "<br />"),
    ],
)
def test_faults_answer_once(
    https: TestClient, shop: WooCommerce, fault: str, status: int, text: str
) -> None:
    shop.faults.append(fault)
    broken, healed = (https.get(f"{ROOT}/customers?per_page=1") for _ in range(2))
    assert (broken.status_code, text in broken.text) == (status, True)
    assert (healed.status_code, len(healed.json())) == (200, 1)


def test_slow_done_writes_and_short_page_still_counts(https: TestClient, shop: WooCommerce) -> None:
    shop.faults += ["slow_done", "short_page"]
    assert https.get(f"{ROOT}/customers/1").status_code == 200
    assert https.put(f"{ROOT}/customers/1", json={"first_name": "Ece"}).status_code == 504
    assert shop.customers["1"].first_name == "Ece"
    short = https.get(f"{ROOT}/customers?per_page=5")
    assert (len(short.json()), short.headers["X-WP-Total"]) == (4, "25")


def test_an_order_can_be_created_and_paid(https: TestClient) -> None:
    body = {
        "customer_id": 2,
        "line_items": [{"product_id": 7, "name": "Çay", "quantity": 3, "total": "30.00"}],
        "meta_data": [{"key": "_invoice", "value": "F1"}],
    }
    made = https.post(f"{ROOT}/orders", json=body).json()
    assert (made["status"], made["total"], made["customer_id"]) == ("pending", "30.00", 2)
    assert made["meta_data"][0]["key"] == "_invoice"
    paid = https.put(f"{ROOT}/orders/{made['id']}", json={"status": "completed"}).json()
    assert paid["date_paid"] is not None
    assert https.put(f"{ROOT}/orders/{made['id']}", json={"status": "eaten"}).status_code == 400
