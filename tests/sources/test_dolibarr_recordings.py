"""A real Dolibarr's WSDLs and answers, replayed: they come out as the right rows and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import publishers.soap
import sources.soap
from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.soap import Rejected, Soap
from publishers import Due
from sandbox.erp import types as erp_types
from sandbox.erp import wire as erp_wire
from sandbox.serving import serving
from tests import legacy
from tests.pulled import Landing, contract
from tests.typed_rows import typed_rows

RECORDED = Path(__file__).parents[3] / "shared" / "recordings" / "dolibarr"
pytestmark = pytest.mark.skipif(
    not RECORDED.exists(), reason=f"the recordings of a real ERP are not at {RECORDED}"
)
MESSAGES = RECORDED / "messages"
WSDL = ("thirdparty", "order", "invoice", "productorservice")


@contextmanager
def replayed(**answers: str) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives the recorded answer of each operation, and keeps what it was sent."""
    sent: list[bytes] = []

    async def endpoint(request: Request) -> Response:
        name = request.path_params["service"]
        if request.method == "GET":
            content = (RECORDED / "wsdl" / f"server_{name}.wsdl").read_bytes()
            return Response(content, media_type="text/xml; charset=ISO-8859-1")
        sent.append(await request.body())
        operation = re.search(rb"<(?:[\w-]+:)?Body>\s*<(?:[\w-]+:)?(\w+)", sent[-1])
        assert operation
        recorded = answers[operation[1].decode()]
        content = (MESSAGES / f"{recorded}.response.xml").read_bytes()
        fault = recorded.startswith("FAULT_") and recorded != "FAULT_unknown_operation"
        kind = "text/xml; charset=UTF-8" if content else "text/html; charset=UTF-8"
        return Response(content, 500 if fault else 200, media_type=kind)

    path = "/webservices/server_{service}.php"
    app = Starlette(routes=[Route(path, endpoint, methods=["GET", "POST"])])
    with serving(app) as url:
        yield url, sent


def client(url: str) -> Soap:
    system = legacy.soap_system(url, password="Admin-Pass1", key="ws-key-1234", login="admin")
    system.settings["wsdl"][:] = [f"/webservices/server_{name}.php?wsdl" for name in WSDL]
    return Soap(system, sleep=lambda seconds: None)


def test_the_thin_list_is_whole() -> None:
    with replayed(getListOfThirdParties="getListOfThirdParties") as (url, _):
        listing = client(url).rows("getListOfThirdParties", {}, "thirdparties")
        rows = list(listing)
    assert (len(rows), listing.claimed) == (62, 62)
    assert rows[3] == {
        "id": "4",
        "ref": "Şişli İnşaat Ltd. Şti. 01",
        "ref_ext": "EXT-0001",
        "address": "1. Sokak No:4\nKat 1, Çankaya",
        "zip": "34001",
        "town": "Ankara",
        "country": "Turkey",
        "phone": "+902125550001",
        "fax": None,
        "url": None,
    }


def test_a_detail_and_both_shapes_of_an_order() -> None:
    with replayed(
        getThirdParty="getThirdParty",
        getOrder="getOrder",
        getOrdersForThirdParty="getOrdersForThirdParty_one",
        getInvoice="getInvoice",
    ) as (url, _):
        soap = client(url)
        party = soap.read("getThirdParty", {"id": "4"})["thirdparty"]
        single = soap.read("getOrder", {"id": "2"})["order"]
        listed = list(soap.rows("getOrdersForThirdParty", {"idthirdparty": "4"}, "orders"))
        invoice = soap.read("getInvoice", {"id": "2"})["invoice"]
    assert (party["email"], party["date_modification"]) == ("musteri1@ornek.example", "")
    assert len(party) == 27
    assert [order["id"] for order in listed] == ["2", "62"]
    assert (single["thirdparty_id"], listed[0]["socid"]) == ("4", "4")
    assert [line["vat_rate"] for line in single["lines"]] == ["20.0000", "20.0000"]
    assert [line["tva_tx"] for line in listed[0]["lines"]] == ["20.0000", "20.0000"]
    assert listed[0]["lines"][0]["product_desc"] == 'Açıklama & <test> "1"'
    assert listed[1]["lines"][0]["product_id"] is None
    assert [line["id"] for line in invoice["lines"]] == ["2", "3"]
    assert invoice["project_id"] is None


def test_our_request_is_what_the_real_one_was_sent() -> None:
    with replayed(getThirdParty="getThirdParty", updateThirdParty="updateThirdParty") as (
        url,
        sent,
    ):
        soap = client(url)
        soap.read("getThirdParty", {"id": "4"})
        recorded = parts((MESSAGES / "getThirdParty.request.xml").read_bytes())
        assert parts(sent[0]) | {"sourceapplication": "pytest"} == recorded
        update = parts((MESSAGES / "updateThirdParty.request.xml").read_bytes())
        members = soap.members("updateThirdParty", "thirdparty")
        record = {name: value for name, value in update.items() if name in members}
        answer = soap.call("updateThirdParty", {"thirdparty": record})
        assert parts(sent[1]) | {"sourceapplication": "pytest"} == update
    assert answer["id"] == "21"


def parts(envelope: bytes) -> dict[str, str]:
    leaves = [leaf for leaf in etree.fromstring(envelope).iter() if len(leaf) == 0]
    return {etree.QName(leaf).localname: leaf.text or "" for leaf in leaves}


@pytest.mark.parametrize(
    ("recorded", "wanted", "words"),
    [
        ("ERROR_bad_key", Denied, "BAD_VALUE_FOR_SECURITY_KEY"),
        ("ERROR_bad_password", Denied, "BAD_CREDENTIALS"),
        ("ERROR_no_rights", Denied, "PERMISSION_DENIED"),
        ("ERROR_not_found", Rejected, "NOT_FOUND: Object not found for id=99999"),
        ("FAULT_malformed", Unavailable, "answered 500 without an explanation"),
        ("FAULT_empty_body", Refused, "xml was empty"),
        ("FAULT_unknown_operation", Implausible, "not well-formed XML"),
    ],
)
def test_recorded_errors(recorded: str, wanted: type[ClientError], words: str) -> None:
    with replayed(getThirdParty=recorded) as (url, _), pytest.raises(wanted, match=words) as caught:
        client(url).read("getThirdParty", {"id": "4"})
    assert type(caught.value) is wanted
    assert "Admin-Pass1" not in str(caught.value)


def test_a_bulk_operation_that_is_broken_says_so() -> None:
    with (
        replayed(getInvoicesForThirdParty="getInvoicesForThirdParty_ERROR_sql") as (url, _),
        pytest.raises(Rejected, match="DB_ERROR_NOSUCHFIELD: Unknown column 'total'"),
    ):
        list(client(url).rows("getInvoicesForThirdParty", {"idthirdparty": "all"}, "invoices"))


def test_writes_that_failed_without_saying_so() -> None:
    with replayed(
        createOrder="ERROR_createOrder_bad_customer", createThirdParty="create_emoji"
    ) as (url, _):
        with pytest.raises(Rejected, match="createOrder answered an empty result code"):
            client(url).call("createOrder", {"order": {"thirdparty_id": "99999"}})
        with pytest.raises(Rejected, match="KO: Incorrect string value"):
            client(url).call("createThirdParty", {"thirdparty": {"ref": "x"}})


def test_the_source_reads_the_real_thing_by_its_preset(tmp_path: Path) -> None:
    with replayed(
        getListOfThirdParties="getListOfThirdParties",
        getThirdParty="getThirdParty",
        getOrdersForThirdParty="getOrdersForThirdParty_one",
    ) as (url, _):
        system = legacy.soap_system(url, password="Admin-Pass1", key="ws-key-1234", login="admin")
        landing = Landing(tmp_path, sources.soap, system, contract("dolibarr"))
        landing.pull("orders")
        assert landing.readings["orders"].complete
        assert sorted(landing.rows["orders"]) == ["2", "62"]
        # One recorded detail answers for all: the source must notice, not land it 62 times.
        landing.pull("customers")
        assert "answered another record" in str(landing.readings["customers"].error)


def test_invoices_broken_for_good_leave_the_other_tables_alone(tmp_path: Path) -> None:
    with replayed(
        getInvoicesForThirdParty="getInvoicesForThirdParty_ERROR_sql",
        getOrdersForThirdParty="getOrdersForThirdParty_one",
    ) as (url, _):
        system = legacy.soap_system(url, password="Admin-Pass1", key="ws-key-1234", login="admin")
        landing = Landing(tmp_path, sources.soap, system, contract("dolibarr"))
        landing.pull("invoices", "orders")
    assert landing.readings["orders"].complete
    error = landing.readings["invoices"].error
    assert isinstance(error, Rejected)
    assert "Unknown column 'total'" in str(error)


def test_the_contract_can_read_what_the_real_one_says() -> None:
    with replayed(
        getThirdParty="getThirdParty",
        getOrdersForThirdParty="getOrdersForThirdParty_one",
        getInvoice="getInvoice",
        getListOfProductsOrServices="getListOfProductsOrServices",
    ) as (url, _):
        soap = client(url)
        invoice = soap.read("getInvoice", {"id": "2"})["invoice"]
        products = list(soap.rows("getListOfProductsOrServices", {}, "products"))
        party = soap.read("getThirdParty", {"id": "4"})["thirdparty"]
        orders = list(soap.rows("getOrdersForThirdParty", {"idthirdparty": "4"}, "orders"))
    assert [product["ref"] for product in products][-1] == "URUN-011"
    [billed] = typed("invoices", [invoice])
    assert (billed["customer_key"], billed["total"]) == ("4", Decimal("3298.68"))
    assert [line["product_id"] for line in billed["lines"]] == [None, "URUN-006"]
    [customer] = typed("customers", [party])
    assert (customer["customer_key"], customer["postcode"]) == ("4", "34001")
    assert customer["created_at"] == datetime(2026, 11, 22, 0, 7, 58)  # noqa: DTZ001 - UTC by contract
    first, second = typed("orders", orders)
    assert (first["customer_key"], first["total"]) == ("4", Decimal("614.95"))
    assert [line["quantity"] for line in first["lines"]] == [4, 9]
    assert second["lines"][0]["product_id"] is None


def typed(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return typed_rows(contract("dolibarr").tables[table], rows)


@pytest.mark.parametrize("name", ["thirdparty", "order", "invoice", "productorservice"])
def test_the_sandbox_promises_what_the_real_one_does(name: str) -> None:
    """Same operations, arguments and struct members, for those the sandbox speaks."""
    [service] = [service for service in erp_types.SERVICES if service.lower() == name]
    real = etree.parse(RECORDED / "wsdl" / f"server_{name}.wsdl").getroot()
    ours = etree.fromstring(erp_wire.wsdl(service, "http://erp.example/"))
    for operation in erp_types.SERVICES[service]:
        for message in (operation, f"{operation}Response"):
            assert members(ours, message) == members(real, message)
    for struct in ("authentication", "result", *erp_types.STRUCTS[service]):
        assert members(ours, struct) == members(real, struct)
    assert ours.get("targetNamespace") == real.get("targetNamespace")


def members(wsdl: etree._Element, name: str) -> list[tuple[str, str]]:
    """Names and types of a message's parts or a struct's elements, in their order."""
    [found] = [e for e in wsdl.iter("{*}message", "{*}complexType") if e.get("name") == name]
    return [
        (e.get("name"), e.get("type")) for e in found.iter() if e.get("type") and e is not found
    ]


def test_an_update_says_all_that_a_real_record_holds() -> None:
    """All but our line, letter by letter, and each member of the WSDL: what is not sent is blanked.
    The replayed record is the same after the update, so that it counts as refused."""
    with replayed(getThirdParty="getThirdParty", updateThirdParty="updateThirdParty") as (
        url,
        sent,
    ):
        due = Due("4", "c_4", {"value_class": "high"}, {})
        [outcome] = publishers.soap.send(client(url), [due])
    assert "answered OK and did not keep note_public" in outcome.detail
    [update] = [body for body in sent if b"updateThirdParty" in body]
    given = _members(update)
    shown = _members((MESSAGES / "getThirdParty.response.xml").read_bytes())
    assert shown.pop("date_modification") == ""
    note = shown.pop("note_public")
    assert given.pop("note_public") == f"{note}\n[Köprü] value_class=high"
    assert {name: given[name] for name in shown} == shown
    wsdl = (RECORDED / "wsdl" / "server_thirdparty.wsdl").read_text(encoding="latin-1")
    [struct] = re.findall(r'complexType name="thirdparty">(.*?)</xsd:complex', wsdl, re.DOTALL)
    promised = {*re.findall(r'element name="(\w+)"', struct)}
    assert given.keys() == promised - {"date_modification", "note_public"}
    assert {given[name] for name in given.keys() - shown} == {""}


def _members(envelope: bytes) -> dict[str, str]:
    [record] = etree.fromstring(envelope).iter("{*}thirdparty")
    return {etree.QName(member).localname: member.text or "" for member in record}
