"""The SOAP client against the sandbox ERP: what it reads, and what each fault becomes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients import ClientError, Denied, Implausible, Refused, Unavailable
from clients.soap import Rejected, Soap
from sandbox.erp import Erp
from sandbox.serving import serving
from tests import legacy

EVERYBODY = ("getListOfThirdParties", {}, "thirdparties")


@pytest.fixture
def erp() -> Erp:
    return legacy.erp()


@pytest.fixture
def url(erp: Erp) -> Iterator[str]:
    with serving(erp.app()) as url:
        yield url


def client(url: str, **other: str) -> Soap:
    system = legacy.soap_system(url, **other)
    system.settings["wsdl"].append(system.settings["tables"]["orders"]["wsdl"])
    return Soap(system, sleep=lambda seconds: None)


def test_a_list_holds_every_row_and_says_how_many(url: str) -> None:
    listing = client(url).rows(*EVERYBODY)
    rows = list(listing)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0]["ref"] == "Işıl Yıldız 1"
    assert rows[0]["address"] == "Lale Sok. No:3\nKat 2"
    assert rows[0]["fax"] is None
    assert listing.claimed == 5


def test_a_list_shorter_than_it_says_is_read_with_both_numbers(url: str, erp: Erp) -> None:
    erp.faults = ["short_list"]
    listing = client(url).rows(*EVERYBODY)
    assert (len(list(listing)), listing.claimed) == (4, 5)


def test_an_empty_list_is_no_rows(url: str, erp: Erp) -> None:
    listing = client(url).rows("getOrdersForThirdParty", {"idthirdparty": "5"}, "orders")
    assert list(listing) == []
    assert listing.claimed == 0


def test_orders_come_with_their_lines(url: str) -> None:
    rows = list(client(url).rows("getOrdersForThirdParty", {"idthirdparty": "all"}, "orders"))
    assert [len(row["lines"]) for row in rows] == [2, 3, 1, 2]
    assert rows[1]["lines"][2]["product_label"] == "Kalem & <silgi>"


def test_one_order_has_the_names_of_the_single_call(url: str) -> None:
    order = client(url).read("getOrder", {"id": "2"})["order"]
    assert order["thirdparty_id"] == "2"
    assert order["lines"][0]["vat_rate"] == "20.0000"


def test_a_detail_is_one_flat_struct(url: str) -> None:
    row = client(url).read("getThirdParty", {"id": "2"})["thirdparty"]
    assert row["email"] == ""
    assert row["date_creation"] == "2024-03-01T12:30:00Z"
    assert "fax" not in row


def test_what_is_not_sent_becomes_blank_and_what_is_sent_stays(url: str, erp: Erp) -> None:
    client(url).call("updateThirdParty", {"thirdparty": {"id": "1", "ref": "Yeni Ad"}})
    after = client(url).read("getThirdParty", {"id": "1"})["thirdparty"]
    assert (after["ref"], after["email"], after["phone"]) == ("Yeni Ad", "", "")
    assert erp.writes == 1


def test_create_strips_spaces_from_phones_and_refuses_emoji(url: str) -> None:
    soap = client(url)
    made = soap.call("createThirdParty", {"thirdparty": {"ref": "Ada", "phone": "0212 1 2"}})
    assert soap.read("getThirdParty", {"id": made["id"]})["thirdparty"]["phone"] == "021212"
    with pytest.raises(Rejected, match="KO.*Incorrect string value"):
        soap.call("createThirdParty", {"thirdparty": {"ref": "Ada 😀"}})


@pytest.mark.parametrize(
    ("faults", "wanted", "words"),
    [
        (["fault"] * 4, Unavailable, "SOAP fault"),
        (["down"] * 4, Unavailable, "answered 503"),
        (["html"], Implausible, "a page .text/html. instead"),
        (["business_error"], Rejected, "Unknown column"),
    ],
)
def test_each_fault_is_one_clear_error(
    url: str, erp: Erp, faults: list[str], wanted: type[ClientError], words: str
) -> None:
    soap = client(url)
    erp.faults = list(faults)
    with pytest.raises(wanted, match=words) as caught:
        list(soap.rows(*EVERYBODY))
    assert isinstance(caught.value, wanted)
    assert erp.faults == []
    assert_no_secret(caught.value)


def test_reads_are_tried_again_and_writes_are_not(url: str, erp: Erp) -> None:
    waits: list[float] = []
    soap = Soap(legacy.soap_system(url), sleep=waits.append)
    erp.faults = ["down", "fault"]
    assert soap.read("getThirdParty", {"id": "1"})["thirdparty"]["id"] == "1"
    assert waits == [1, 2]
    erp.faults = ["down"]
    with pytest.raises(Unavailable):
        soap.call("updateThirdParty", {"thirdparty": {"id": "1", "ref": "x"}})
    assert (waits, erp.writes) == ([1, 2], 0)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"key": "yanlis"}, "BAD_VALUE_FOR_SECURITY_KEY"),
        ({"password": "yanlis"}, "BAD_CREDENTIALS"),
        ({"login": "norights"}, "PERMISSION_DENIED"),
    ],
)
def test_wrong_credentials_are_denied(url: str, other: dict[str, str], code: str) -> None:
    with pytest.raises(Denied, match=code) as caught:
        client(url, **other).read("getThirdParty", {"id": "1"})
    assert_no_secret(caught.value)


def test_a_missing_record_names_the_systems_own_words(url: str) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND: Object not found for id=99") as caught:
        client(url).read("getThirdParty", {"id": "99"})
    assert caught.value.code == "NOT_FOUND"


def test_a_system_that_is_off_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        client("http://127.0.0.1:9").read("getThirdParty", {"id": "1"})
    assert_no_secret(caught.value)


def test_operations_and_arguments_are_checked_before_anything_is_sent(url: str, erp: Erp) -> None:
    soap = client(url)
    with pytest.raises(Refused, match="no operation getProposal.*It has .*getThirdParty"):
        soap.read("getProposal", {})
    with pytest.raises(Refused, match="not nummer"):
        soap.read("getThirdParty", {"nummer": "1"})
    with pytest.raises(Refused, match="thirdparty has no e_mail"):
        soap.call("updateThirdParty", {"thirdparty": {"id": "1", "e_mail": "x"}})
    assert erp.requests == 2  # the two WSDLs


def test_check_names_what_cannot_be_read_and_what_can(url: str, erp: Erp) -> None:
    erp.broken.add("getInvoicesForThirdParty")
    soap = client(url)
    del soap.settings["tables"]["products"]["rows"]
    said = soap.check()
    assert said.startswith("reads 5 customers and contacts of each of customers and 4 orders at")
    assert "; not invoices: getInvoicesForThirdParty answered KO: DB_ERROR" in said
    assert "; not products: tables.products has no rows" in said


def test_a_web_page_instead_of_the_wsdl(url: str) -> None:
    system = legacy.soap_system(url)
    settings = {**system.settings, "wsdl": ["/webservices/nothing.php?wsdl"]}
    soap = Soap(type(system)(**{**vars(system), "settings": settings}))
    with pytest.raises(Refused, match="answered 404.*Check wsdl"):
        soap.read("getThirdParty", {"id": "1"})


def assert_no_secret(error: BaseException) -> None:
    shown = f"{error!r} {error}"
    assert legacy.PASSWORD not in shown
    assert legacy.KEY not in shown
