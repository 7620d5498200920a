"""Answers of other SOAP servers than Dolibarr: references, literal lists, hostile XML."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clients import Implausible, Refused, Unavailable
from clients.soap import Soap
from clients.soap.envelope import Fault, NotSoap, Short, whole
from clients.soap.rows import Rows
from sandbox.erp import wire as erp_wire
from sandbox.serving import serving
from tests import legacy

ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:n="http://schemas.xmlsoap.org/soap/encoding/"><e:Header><h>1</h></e:Header>'
    "<e:Body>{}</e:Body></e:Envelope>"
)


def answer(body: str) -> io.BytesIO:
    return io.BytesIO(ENVELOPE.format(body).encode())


def listed(body: str, path: str) -> list[Any]:
    return list(Rows(answer(body), path))


def test_references_are_followed_and_circles_are_not() -> None:
    body = (
        '<r><rows n:arrayType="x[2]"><i href="#a"/><i href="#b"/></rows></r>'
        '<m id="a"><id>1</id><city href="#c"/></m><m id="b"><id>2</id><city href="#c"/></m>'
        '<m id="c">Van</m>'
    )
    assert whole(answer(body)) == {"rows": [{"id": "1", "city": "Van"}, {"id": "2", "city": "Van"}]}
    with pytest.raises(NotSoap, match="reference to #a"):
        whole(answer('<r><x href="#a"/></r><m id="a"><y href="#a"/></m>'))


def test_a_list_of_references_is_read_though_it_cannot_be_streamed() -> None:
    body = (
        "<r><result><result_code>OK</result_code><result_label/></result>"
        '<orders n:arrayType="x[2]"><i href="#a"/><i href="#b"/></orders></r>'
        '<m id="a"><id>1</id></m><m id="b"><id>2</id></m>'
    )
    with speaking(ENVELOPE.format(body)) as soap:
        listing = soap.rows("getOrdersForThirdParty", {"idthirdparty": "all"}, "orders")
        assert list(listing) == [{"id": "1"}, {"id": "2"}]
        assert listing.claimed == 2


def test_literal_lists_and_doubled_wrappers() -> None:
    body = "<r><x><x><Customer><No>1</No></Customer><Customer><No>2</No></Customer></x></x></r>"
    assert listed(body, "x.x") == [{"No": "1"}, {"No": "2"}]
    assert whole(answer(body)) == {"x": {"x": {"Customer": [{"No": "1"}, {"No": "2"}]}}}


def test_rows_within_rows_of_the_same_name_stay_inside() -> None:
    body = (
        '<r><l n:arrayType="x[1]"><item><id>1</id><lines n:arrayType="x[2]"><item><q>3</q></item>'
        "<item><q>4</q></item></lines></item></l><after>z</after></r>"
    )
    rows = Rows(answer(body), "l")
    assert list(rows) == [{"id": "1", "lines": [{"q": "3"}, {"q": "4"}]}]
    assert rows.parts == {"l": "", "after": "z"}


def test_nil_empty_and_absent_are_three_things() -> None:
    body = '<r><a xsi:nil="true"/><b/><c xsi:type="n:Array" n:arrayType="x[0]"/><d>  1 </d></r>'
    assert whole(answer(body)) == {"a": None, "b": "", "c": [], "d": "  1 "}


@pytest.mark.parametrize("count", [1, 3])
def test_an_array_inside_that_holds_another_number_than_it_says(count: int) -> None:
    body = f'<l n:arrayType="x[{count}]"><i>1</i><i>2</i></l>'
    with pytest.raises(Short, match=f"l says {count} items and holds 2"):
        listed(f"<r><rows><row>{body}</row></rows></r>", "rows")
    with pytest.raises(Short, match=f"l says {count} items and holds 2"):
        whole(answer(f"<r>{body}</r>"))


def test_a_list_says_how_much_it_holds_and_never_less() -> None:
    rows = Rows(answer('<r><l n:arrayType="x[3]"><i>1</i><i>2</i></l></r>'), "l")
    assert (list(rows), rows.claimed) == (["1", "2"], 3)
    with pytest.raises(Short, match="says 1 items and holds 2"):
        listed('<r><l n:arrayType="x[1]"><i>1</i><i>2</i></l></r>', "l")


@pytest.mark.parametrize("body", ["<i>1</i><i>2</i><j>3</j>", "<j>3</j><i>1</i>"])
def test_a_mixed_list_is_not_half_read(body: str) -> None:
    with pytest.raises(NotSoap, match="stands among"):
        listed(f"<r><l>{body}</l></r>", "l")


def test_faults_are_raised_from_lists_and_structs() -> None:
    fault = "<e:Fault><faultcode>e:Client</faultcode><faultstring>Yok</faultstring></e:Fault>"
    with pytest.raises(Fault, match="Client: Yok"):
        listed(fault, "l")
    with pytest.raises(Fault, match="Client: Yok"):
        whole(answer(fault))


@pytest.mark.parametrize("value", ['SYSTEM "file:///etc/hostname"', '"lol"'])
def test_an_answer_with_a_dtd_is_not_read(value: str) -> None:
    text = f"<!DOCTYPE e [<!ENTITY x {value}>]>" + ENVELOPE.format("<r><a><b>&x;</b></a></r>")
    for reader in (whole, lambda stream: list(Rows(stream, "a"))):
        with pytest.raises(NotSoap, match="with a DTD"):
            reader(io.BytesIO(text.encode()))


def test_an_answer_nested_too_deep_is_not_read() -> None:
    deep = "<a>" * 400 + "</a>" * 400
    for reader in (whole, lambda stream: list(Rows(stream, "a"))):
        with pytest.raises(NotSoap, match="depth"):
            reader(answer(f"<r>{deep}</r>"))


def test_rows_beside_other_parts_are_named() -> None:
    body = '<r><more>yes</more><i a="1">x</i><i><p cur="TRY">2</p></i><total>2</total></r>'
    rows = Rows(answer(body), "i[]")
    assert list(rows) == ["x", {"p": "2", "p@cur": "TRY"}]
    assert rows.parts == {"more": "yes", "total": "2"}


def test_attributes_are_data_and_those_of_a_namespace_are_not() -> None:
    body = '<r><l count="2"><i No="1" n:root="1"/><i No="2"><x/></i></l></r>'
    rows = Rows(answer(body), "l")
    assert list(rows) == [{"@No": "1"}, {"@No": "2", "x": ""}]
    assert rows.parts == {"l": {"@count": "2"}}


def test_lists_of_the_same_name_elsewhere_are_others() -> None:
    body = "<r><a><l><i>1</i></l><l><i>2</i></l></a><b><l><i>9</i></l></b></r>"
    assert listed(body, "a.l") == ["1", "2"]


def test_soap_1_2_speaks_of_faults_in_its_own_way() -> None:
    fault = (
        "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>w:FailedAuthentication"
        "</e:Value></e:Subcode></e:Code><e:Reason><e:Text>Yok</e:Text></e:Reason></e:Fault>"
    )
    text = ENVELOPE.replace(
        "schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"
    )
    with pytest.raises(Fault, match="Yok") as caught:
        whole(io.BytesIO(text.format(fault).encode()))
    assert caught.value.codes == ["Sender", "FailedAuthentication"]


@contextmanager
def speaking(content: str, wsdl: str = "", kind: str = "text/xml") -> Iterator[Soap]:
    """A client of a server that has our order WSDL (or another text) and one answer."""

    async def endpoint(request: Request) -> Response:
        if request.url.path == "/elsewhere":
            return RedirectResponse("https://baska.example/ws", 302)
        address = str(request.url.replace(query=""))
        text = wsdl.encode() if wsdl else erp_wire.wsdl("Order", address)
        return Response(text if request.method == "GET" else content, media_type=kind)

    app = Starlette(routes=[Route("/{path}", endpoint, methods=["GET", "POST"])])
    with serving(app) as url:
        system = legacy.soap_system(url)
        system.settings["wsdl"][:] = ["/elsewhere" if content == "redirect" else "/ws"]
        yield Soap(system, sleep=lambda seconds: None)


def test_a_redirect_is_named_and_not_followed() -> None:
    with (
        speaking("redirect") as soap,
        pytest.raises(Implausible, match=r"redirects to https://baska"),
    ):
        soap.read("getOrder", {"id": "1"})


def test_a_wsdl_that_is_a_web_page() -> None:
    with (
        speaking("", "<html><body>Bakım</body></html>") as soap,
        pytest.raises(Implausible, match="/ws is not a usable WSDL"),
    ):
        soap.read("getOrder", {"id": "1"})


def test_a_wsdl_may_not_send_us_to_another_host() -> None:
    away = erp_wire.wsdl("Order", "http://x.example/").decode("iso-8859-1")
    away = away.replace(
        "<types>", '<import namespace="urn:x" location="http://169.254.1.1/x.wsdl"/><types>'
    )
    with (
        speaking("", away) as soap,
        pytest.raises(Refused, match="169.254.1.1/x.wsdl, which is another host"),
    ):
        soap.read("getOrder", {"id": "1"})


def test_secrets_go_to_the_host_we_were_given_whatever_the_wsdl_says() -> None:
    away = erp_wire.wsdl("Order", "http://baska.example/ws").decode("iso-8859-1")
    good = ENVELOPE.format("<r><result><result_code>OK</result_code></result><order/></r>")
    with speaking(good, away) as soap:
        assert soap.read("getOrder", {"id": "1"})["order"] == ""


def test_a_server_that_quotes_our_secrets() -> None:
    body = (
        "<r><result><result_code>KO</result_code>"
        f"<result_label>login kopru/{legacy.PASSWORD} key {legacy.KEY}</result_label></result></r>"
    )
    with speaking(ENVELOPE.format(body)) as soap, pytest.raises(Refused) as caught:
        soap.call("getOrder", {"id": "1"})
    assert "login kopru/*** key ***" in str(caught.value)


def test_a_connection_without_its_key_is_named() -> None:
    with speaking("") as soap:
        bare = type(soap.connection)(host=soap.base, login="a", password="b")
        soap.credentials.connection = bare
        with pytest.raises(Exception, match="its connection has no extra.dolibarrkey"):
            soap.call("getOrder", {"id": "1"})


def test_an_empty_answer_is_not_an_empty_list() -> None:
    with speaking("") as soap, pytest.raises((Implausible, Unavailable), match="not well-formed"):
        list(soap.rows("getOrdersForThirdParty", {"idthirdparty": "all"}, "orders"))
