"""Retries, pacing, and which answers are believed."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.http import Http, Passing, Unknown, private
from clients.pace import Pace
from tests.clients.scripted import URL, Given, Scripted, answer, script

HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = "<html><head><title>Bakım</title><style>p {}</style></head><body><p>Kapalı</p></body></html>"


def http(*given: Given, **options: Any) -> tuple[Http, Scripted, list[float]]:
    slept: list[float] = []
    made = Http("till", URL, sleep=slept.append, **options)
    return made, script(made.session, *given), slept


def nobody() -> requests.ConnectionError:
    reason = NewConnectionError(None, "Connection refused")  # type: ignore[arg-type]  # unused
    return requests.ConnectionError(MaxRetryError(None, "/x?key=ck_secret", reason))  # type: ignore[arg-type]  # unused


@pytest.mark.parametrize("status", [423, 429, 477, 502, 503, 504])
def test_a_read_is_repeated_until_the_system_is_back(status: int) -> None:
    reader, adapter, slept = http(answer(status, "busy"), answer(body=[1]))
    assert reader.believe(reader.get("/x"), list) == [1]
    assert len(adapter.asked) == 2
    assert len(slept) == 1
    assert 1 <= slept[0] <= 2


def test_retry_after_is_honoured_and_ends_our_patience() -> None:
    reader, _, slept = http(answer(429, "", {"Retry-After": "7"}), answer(body={}))
    reader.get("/x")
    assert slept == [7]
    closed, adapter, slept = http(answer(503, PAGE, {"Retry-After": "600", **HTML}))
    with pytest.raises(Unavailable, match=r"till: GET /x answered 503: .*Bakım.*600 s"):
        closed.get("/x")
    assert slept == []
    assert len(adapter.asked) == 1


def test_waits_grow_and_stop_within_the_patience() -> None:
    reader, adapter, slept = http(answer(502, "bad gateway"), patience=60)
    with pytest.raises(Unavailable):
        reader.get("/x")
    assert slept == sorted(slept)
    assert 30 < sum(slept) <= 60
    assert len(adapter.asked) == len(slept) + 1


@pytest.mark.parametrize("given", [answer(429, ""), answer(423, ""), nobody()])
def test_a_write_is_repeated_when_it_certainly_did_not_happen(given: Given) -> None:
    writer, adapter, _ = http(given, answer(body={}))
    writer.post("/x", {"a": 1})
    assert len(adapter.asked) == 2


@pytest.mark.parametrize(
    "given",
    [answer(502, ""), answer(504, PAGE, HTML), answer(500, ""), requests.ReadTimeout("slow")],
)
def test_a_write_that_may_have_happened_is_not_repeated(given: Given) -> None:
    writer, adapter, slept = http(given)
    with pytest.raises(Unknown, match="outcome is unknown"):
        writer.post("/x", {"a": 1})
    assert (len(adapter.asked), slept) == (1, [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Denied), (403, Denied), (400, Refused), (404, Refused), (422, Refused), (413, Refused)],
)
def test_what_the_caller_can_do_decides_the_class(status: int, kind: type[ClientError]) -> None:
    body = {"code": "no_such", "message": "Böyle bir şey yok."}
    reader, adapter, _ = http(answer(status, body))
    with pytest.raises(kind, match=rf"till: GET /x answered {status}: Böyle .* \(no_such\)"):
        reader.get("/x", {"key": "ck_secret"})
    assert len(adapter.asked) == 1


def test_a_refused_address_names_the_airflow_connection() -> None:
    with pytest.raises(Denied, match="host into the Airflow connection 'till'"):
        Http("till", "shop.example")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    signed = "https://elsewhere.example/?oauth_signature=abc"
    reader, adapter, _ = http(answer(status, "", {"Location": signed}))
    with pytest.raises(Implausible, match=r"redirects to https://elsewhere.example/\.") as caught:
        reader.get("/x")
    assert len(adapter.asked) == 1
    assert "oauth_signature" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (PAGE, HTML, "text/html, 'Bakım Kapalı'"),
        ("\n<br /><b>Warning</b>: x on line 3<br />\n[1]", {}, "Warning : x on line 3"),
        ("", {}, "application/json, empty"),
        ({"code": "x"}, {}, "JSON list"),
        ("[1, 2", {}, "JSON list"),
    ],
)
def test_a_200_must_be_json_of_the_expected_shape(body: Any, headers: Any, said: str) -> None:
    reader, _, _ = http(answer(200, body, headers))
    with pytest.raises(Implausible) as caught:
        reader.believe(reader.get("/x"), list)
    assert said in str(caught.value)
    assert "<" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ('{"n": 123456789012345678901234567890}', 123456789012345678901234567890),
        ('{"n": -9223372036854775809}', -9223372036854775809),
        ('{"n": 18446744073709551616}', 2**64),
        ('{"n": 19.90}', 19.9),
        (b'\xef\xbb\xbf{"n": "a BOM first"}', "a BOM first"),
        ('{"n": "half an emoji \\ud83d"}', "half an emoji \ud83d"),
        ('{"n": "IBAN 33000610051978645784132612"}', "IBAN 33000610051978645784132612"),
    ],
)
def test_values_are_read_as_they_were_written(body: str | bytes, meant: object) -> None:
    reader, _, _ = http(answer(200, body))
    assert reader.believe(reader.get("/x"), dict) == {"n": meant}


def test_bottomless_json_is_not_believed() -> None:
    reader, _, _ = http(answer(200, "[" * 200_000 + "]" * 200_000))
    with pytest.raises(Implausible):
        reader.believe(reader.get("/x"), list)


def test_long_pages_are_cut() -> None:
    reader, _, _ = http(answer(200, "<p>" + "lorem " * 1000, HTML))
    with pytest.raises(Implausible) as caught:
        reader.believe(reader.get("/x"), dict)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("given", [nobody(), requests.ReadTimeout(f"{URL}/x?key=ck_secret")])
def test_no_error_shows_the_query_which_may_be_signed(given: Given) -> None:
    reader, _, _ = http(given, patience=0)
    with pytest.raises(Passing) as caught:
        reader.get("/x", {"key": "ck_secret"})
    assert "127.0.0.1:9" in str(caught.value)
    assert "ck_secret" not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_auth_is_applied_anew_on_every_attempt() -> None:
    class Counting(AuthBase):
        count = 0

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            Counting.count += 1
            request.headers["X-Nonce"] = str(Counting.count)
            return request

    reader, adapter, _ = http(answer(503, ""), answer(body={}), auth=Counting())
    reader.get("/x")
    assert [request.headers["X-Nonce"] for request in adapter.asked] == ["1", "2"]


def test_an_untrusted_certificate_is_not_a_matter_of_time() -> None:
    reader, adapter, _ = http(requests.exceptions.SSLError("self-signed"))
    with pytest.raises(Denied, match="certificate of 127.0.0.1:9"):
        reader.get("/x")
    assert len(adapter.asked) == 1


def test_pace_keeps_requests_apart() -> None:
    now = [100.0]
    pace = Pace(0.5, clock=lambda: now[0])
    assert [pace.delay(), pace.delay(), pace.delay()] == [0, 0.5, 1.0]
    now[0] = 200.0
    assert pace.delay() == 0


def test_tokens_travel_encrypted_or_within_this_machine() -> None:
    assert private("shop", "https://x.example") == "https://x.example"
    assert private("shop", "http://127.0.0.1:8") == "http://127.0.0.1:8"
    with pytest.raises(Denied, match="unencrypted"):
        private("shop", "http://x.example")
