"""Services nobody tuned anything for, in the styles of public ones: configuration alone reads
them. Each WSDL says in its head whose documentation it follows."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from clients import Denied
from clients.soap import Rejected
from sources.soap import tables_of
from tests.soap_service import Asked, landing, service

MANTIS = """
wsdl = "/mantis.wsdl"
authentication = { members = { username = "login", password = "password" } }
[x.tables.rows]
operation = "mc_project_get_issues"
arguments = { project_id = 0, page_number = "{page}", per_page = "{size}" }
rows = "return"
paging = { by = "page", size = 2 }
"""


def issue(number: int) -> str:
    return (
        f"<item><id>{number}</id><project><id>1</id><name>Kapı</name></project><notes"
        ' xmlns:n="http://schemas.xmlsoap.org/soap/encoding/" n:arrayType="t:IssueNoteData[1]">'
        f"<item><id>{number}1</id><text>Not</text></item></notes></item>"
    )


def mantis(asked: Asked, count: int = 5) -> str:
    assert asked.text("username") == "ayşe"
    page, size = int(asked.text("page_number") or 0), int(asked.text("per_page") or 0)
    numbers = range(1, count + 1)[(page - 1) * size : page * size]
    return (
        '<a:r xmlns:a="http://futureware.biz/mantisconnect"'
        ' xmlns:n="http://schemas.xmlsoap.org/soap/encoding/">'
        f'<return n:arrayType="t:IssueData[{len(numbers)}]">{"".join(map(issue, numbers))}</return>'
        "</a:r>"
    )


def test_rpc_encoded_with_arrays_page_by_page(tmp_path: Path) -> None:
    with service(mantis) as (url, asked):
        found = landing(tmp_path, url, MANTIS, "id").pull()
        assert [one.text("page_number") for one in asked] == ["1", "2", "3", "4"]
        assert asked[0].namespace("mc_project_get_issues") == "http://futureware.biz/mantisconnect"
    assert sorted(found.rows["rows"]) == list("12345")
    assert found.rows["rows"]["4"]["notes"] == [{"id": "41", "text": "Not"}]
    assert found.readings["rows"].claimed == 5


def test_a_page_argument_that_does_nothing_is_noticed(tmp_path: Path) -> None:
    with service(lambda asked: mantis(first_page(asked))) as (url, _):
        reading = landing(tmp_path, url, MANTIS, "id").pull().readings["rows"]
    assert "gives the same rows whatever page it is asked for" in str(reading.error)


def first_page(asked: Asked) -> Asked:
    for element in asked.root.iter("{*}page_number"):
        element.text = "1"
    return asked


SHAREPOINT = """
wsdl = "/sharepoint.wsdl"
authentication = { basic = true }
[x.tables.rows]
operation = "GetListItems"
arguments = { listName = "Müşteriler", rowLimit = 5000 }
rows = "GetListItemsResult.listitems.data"
claimed = "GetListItemsResult.listitems.data.@ItemCount"
"""


def sharepoint(asked: Asked, claimed: int = 2) -> str:
    rows = "".join(f'<z:row ows_ID="{n}" ows_Title="Çınar {n}"/>' for n in (1, 2))
    return (
        '<GetListItemsResponse xmlns="http://schemas.microsoft.com/sharepoint/soap/">'
        '<GetListItemsResult><listitems xmlns:z="#RowsetSchema" xmlns:rs="urn:rowset"><rs:data '
        f'ItemCount="{claimed}">{rows}</rs:data></listitems></GetListItemsResult>'
        "</GetListItemsResponse>"
    )


def test_document_literal_wrapped_with_rows_as_attributes(tmp_path: Path) -> None:
    with service(sharepoint) as (url, asked):
        found = landing(tmp_path, url, SHAREPOINT, "@ows_ID").pull()
    assert found.rows["rows"]["2"] == {"@ows_ID": "2", "@ows_Title": "Çınar 2"}
    assert found.readings["rows"].claimed == 2
    login = base64.b64decode(asked[0].headers["authorization"].split()[1]).decode()
    assert login == "ayşe:gizli-ş"
    assert (
        asked[0].headers["soapaction"]
        == '"http://schemas.microsoft.com/sharepoint/soap/GetListItems"'
    )
    assert "webID" not in asked[0].names


def test_fewer_rows_than_the_answer_says_are_read_again_and_then_red(tmp_path: Path) -> None:
    with service(lambda asked: sharepoint(asked, claimed=3)) as (url, asked):
        reading = landing(tmp_path, url, SHAREPOINT, "@ows_ID").pull().readings["rows"]
        assert len(asked) == 2
    assert (reading.claimed, reading.seen, reading.complete) == (3, 2, False)


BYDESIGN = """
wsdl = "/bydesign.wsdl"
authentication = { username_token = "digest" }
[x.tables.rows]
operation = "FindByElements"
rows = "Customer[]"
paging = { by = "bookmark", size = 2, answer = "ProcessingConditions.LastReturnedObjectID" }
cursor = "ChangeDateTime"
overlap = { hours = 1 }
[x.tables.rows.arguments]
ProcessingConditions.QueryHitsMaximumNumberValue = "{size}"
ProcessingConditions.QueryHitsUnlimitedIndicator = false
ProcessingConditions.LastReturnedObjectID = "{bookmark}"
[[x.tables.rows.arguments.CustomerSelectionByElements.SelectionByLastChangeDateTime]]
IntervalBoundaryTypeCode = 9
LowerBoundaryDateTime = "{since}"
"""


def bydesign(asked: Asked) -> str:
    after, since = int(asked.text("LastReturnedObjectID") or 0), asked.text("LowerBoundaryDateTime")
    numbers = [n for n in range(1, 6) if n > after and (not since or f"2026-11-0{n}T08" >= since)]
    customers = "".join(
        f"<Customer><InternalID>C{n}</InternalID><ChangeDateTime>2026-11-0{n}T08:00:00.25Z"
        f'</ChangeDateTime><CreditLimit currencyCode="TRY">{n}</CreditLimit></Customer>'
        for n in numbers[:2]
    )
    last = f"<LastReturnedObjectID>{numbers[:2][-1]}</LastReturnedObjectID>" if numbers else ""
    return (
        '<n:CustomerByElementsResponse_sync xmlns:n="http://sap.com/xi/SAPGlobal20/Global">'
        f"{customers}<ProcessingConditions>{last}</ProcessingConditions>"
        "</n:CustomerByElementsResponse_sync>"
    )


def test_bare_documents_by_bookmark_and_by_change(tmp_path: Path) -> None:
    with service(bydesign) as (url, asked):
        found = landing(tmp_path, url, BYDESIGN, "InternalID").pull()
        assert "SelectionByLastChangeDateTime" not in asked[0].names
        assert [one.text("LastReturnedObjectID") for one in asked] == [None, "2", "4", "5"]
        assert sorted(found.rows["rows"]) == ["C1", "C2", "C3", "C4", "C5"]
        assert found.rows["rows"]["C3"]["CreditLimit@currencyCode"] == "TRY"
        found.pull()
        assert asked[-1].text("LowerBoundaryDateTime") == "2026-11-05T07:00:00Z"
        assert found.read("rows") == ["C5"]
        token = [asked[-1].text(name) for name in ("Username", "Password", "Nonce", "Created")]
    assert all(token)
    assert token[1] != "gizli-ş"


def test_what_the_wsdl_says_of_rows(tmp_path: Path) -> None:
    with service(bydesign) as (url, _):
        found = landing(tmp_path, url, BYDESIGN, "InternalID")
        client = found.module.connect(found.system)
        shape = tables_of(client, found.promised, found.held)["rows"].shape
        assert shape
        assert shape() == {
            "InternalID": "token",
            "ChangeDateTime": "string",
            "Organisation": "object",
            "Organisation.FirstLineName": "string",
            "CreditLimit@currencyCode": "token",
            "CreditLimit": "decimal",
        }
        other = landing(tmp_path, url, MANTIS, "id")
        client = other.module.connect(other.system)
        shape = tables_of(client, other.promised, other.held)["rows"].shape
        assert shape
        assert shape() == {
            "id": "integer",
            "project": "object",
            "project.id": "integer",
            "project.name": "string",
            "summary": "string",
            "last_updated": "dateTime",
            "notes": "object",
            "notes.item[]": "object",
            "notes.item[].id": "integer",
            "notes.item[].text": "string",
        }


COUNTRYINFO = """
wsdl = ["/countryinfo.wsdl"]
soap = "1.2"
[x.tables.rows]
operation = "FullCountryInfoAllCountries"
rows = "FullCountryInfoAllCountriesResult"
"""


def countries(asked: Asked) -> str:
    return (
        '<m:R xmlns:m="http://www.oorsprong.org/websamples.countryinfo">'
        "<m:FullCountryInfoAllCountriesResult><m:tCountryInfo><m:sISOCode>TR</m:sISOCode>"
        "<m:Languages><m:tLanguage><m:sISOCode>tur</m:sISOCode></m:tLanguage></m:Languages>"
        "</m:tCountryInfo><m:tCountryInfo><m:sISOCode>CY</m:sISOCode><m:Languages/>"
        "</m:tCountryInfo></m:FullCountryInfoAllCountriesResult></m:R>"
    )


def test_soap_1_2(tmp_path: Path) -> None:
    with service(countries, version="1.2", kind="application/soap+xml") as (url, asked):
        found = landing(tmp_path, url, COUNTRYINFO, "sISOCode").pull()
    assert found.rows["rows"]["TR"]["Languages"] == {"tLanguage": [{"sISOCode": "tur"}]}
    assert found.rows["rows"]["CY"]["Languages"] == ""
    assert asked[0].headers["content-type"] == (
        'application/soap+xml; charset=utf-8; action="urn:all"'
    )
    assert "soapaction" not in asked[0].headers
    assert asked[0].root.tag == "{http://www.w3.org/2003/05/soap-envelope}Envelope"


EBAY = """
wsdl = "/ebay.wsdl"
[x.authentication]
header = "RequesterCredentials"
members = { eBayAuthToken = "extra.token", Credentials = { AppId = "login" } }
[x.result]
code = "Ack"
ok = ["Success", "Warning"]
label = "Errors.LongMessage"
[x.tables.rows]
operation = "GetOrders"
rows = "OrderArray"
claimed = "PaginationResult.TotalNumberOfEntries"
cursor = "LastModifiedTime"
first = "2020-01-01T00:00:00Z"
paging = { by = "page", size = 2 }
arguments.ModTimeFrom = "{since}"
arguments.ModTimeTo = "{until}"
arguments.Pagination = { EntriesPerPage = "{size}", PageNumber = "{page}" }
"""


def ebay(asked: Asked, ack: str = "Success") -> str:
    page = int(asked.text("PageNumber") or 0)
    orders = "".join(
        f"<Order><OrderID>{n}</OrderID><LastModifiedTime>2026-11-0{n}T10:00:00.000Z"
        f'</LastModifiedTime><Total currencyID="EUR">{n}.5</Total></Order>'
        for n in range(1, 4)[(page - 1) * 2 : page * 2]
    )
    return (
        f'<GetOrdersResponse xmlns="urn:ebay:apis:eBLBaseComponents"><Ack>{ack}</Ack>'
        "<Errors><LongMessage>Token süresi doldu</LongMessage></Errors><PaginationResult>"
        "<TotalNumberOfEntries>3</TotalNumberOfEntries></PaginationResult>"
        f"<OrderArray>{orders}</OrderArray></GetOrdersResponse>"
    )


def test_a_declared_header_imports_and_a_total(tmp_path: Path) -> None:
    with service(ebay) as (url, asked):
        found = landing(tmp_path, url, EBAY, "OrderID").pull()
    assert found.rows["rows"]["3"]["Total@currencyID"] == "EUR"
    assert (found.readings["rows"].claimed, found.readings["rows"].complete) == (3, True)
    assert asked[0].text("ModTimeFrom") == "2020-01-01T00:00:00Z"
    [header] = asked[0].root.iterfind("{*}Header/{*}RequesterCredentials")
    assert [e.text for e in header.iter("{*}eBayAuthToken", "{*}AppId")] == ["tok-1", "ayşe"]


@pytest.mark.parametrize(("denied", "wanted"), [("", Rejected), ('denied = ["Failure"]', Denied)])
def test_a_success_rule_of_several_words(
    tmp_path: Path, denied: str, wanted: type[Exception]
) -> None:
    settings = EBAY.replace("ok = [", f"{denied}\nok = [")
    with service(lambda asked: ebay(asked, "Failure")) as (url, _):
        reading = landing(tmp_path, url, settings, "OrderID").pull().readings["rows"]
    assert isinstance(reading.error, wanted)
    assert "Failure: Token süresi doldu" in str(reading.error)
