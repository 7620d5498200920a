"""Fixed width, Excel, e-invoices and what is packed: read right or refused with the reason."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sources.files.formats import FORMATS, Spec, Unreadable
from sources.files.formats.ubl import invoice
from sources.files.unpacked import unpacked

RECORDED = Path(__file__).parents[3] / "shared" / "recordings" / "ubl_tr"


@dataclass(frozen=True)
class Promised:
    path: str
    logical: str = "string"
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def rows(content: bytes, spec: Spec, wanted: Sequence[Promised] = ()) -> list[dict[str, Any]]:
    found = FORMATS[spec.format].read(io.BytesIO(content), spec, wanted)
    read = [row for page in found.pages(0, 2) for row in page]
    assert len(read) == found.count
    assert [row for page in found.pages(1, 2) for row in page] == read[1:]
    return read


FIXED = Spec(
    format="fixed", widths={"No": [1, 4], "Ad": [5, 12], "Tutar": [17, 10]}, trailer="TOPLAM"
)
LINES = "".join(
    [
        "0001Işıl Gürbüz   1.234,50\r\n",
        "0002Şule Çağ          0,10\r\n",
        "0003Ömer        9\r\n",
        "TOPLAM 3\r\n",
    ]
)


def test_fixed_width_counts_letters_not_bytes() -> None:
    for encoding in ("cp1254", "utf-8"):
        assert rows(LINES.encode(encoding), FIXED) == [
            {"No": "0001", "Ad": "Işıl Gürbüz", "Tutar": "1.234,50"},
            {"No": "0002", "Ad": "Şule Çağ", "Tutar": "0,10"},
            {"No": "0003", "Ad": "Ömer", "Tutar": "9"},
        ]


@pytest.mark.parametrize(
    ("content", "spec", "words"),
    [
        (LINES.replace("TOPLAM 3", "TOPLAM 4"), FIXED, "says 4 rows and 3 are there"),
        (LINES.replace("TOPLAM 3\r\n", ""), FIXED, "last line TOPLAM is missing"),
        (LINES + "0004Ek          1\r\n", FIXED, "rows follow"),
        (LINES.replace("0003Ömer        9", "0003Ömer"), FIXED, "line 3 has 8 letters"),
        (
            LINES.replace("0,10", "0,1000"),
            FIXED,
            "line 2 has 28 letters and its columns go up to 26",
        ),
        (LINES, Spec(format="fixed"), "have no widths"),
        (LINES, Spec(format="fixed", widths={"No": [0, 4]}), "from 1"),
    ],
)
def test_fixed_width_that_is_cut_off_is_refused(content: str, spec: Spec, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        rows(content.encode("cp1254"), spec)


def test_fixed_width_needs_a_place_for_each_column_of_the_contract() -> None:
    with pytest.raises(Unreadable, match="column Sehir is missing"):
        rows(LINES.encode("cp1254"), FIXED, [Promised("Sehir")])


def workbook(table: Sequence[Sequence[Any]], sheet: str = "Satış") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Kapak"
    page = book.create_sheet(sheet)
    for cells in table:
        page.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


EXCEL = Spec(format="excel", sheet="Satış")
NOON = datetime(2026, 11, 21, 10, 20)  # noqa: DTZ001 - a workbook knows no time zones
TABLE = [
    ["No", "Ad", "Tutar", "Tarih", "Saat", "Üye", None],
    [1, " Işıl ", 1234.5, date(2026, 11, 21), NOON, True],
    ["0002", None, 0.1 + 0.2, "22.11.2026", None, False],
    [None, None, None, None, None, None],
    [12345678901, "Şule", 5.0, None, None, None],
]


def test_excel_cells_have_one_written_form() -> None:
    assert rows(workbook(TABLE), EXCEL) == [
        {
            "No": "1",
            "Ad": "Işıl",
            "Tutar": "1234.5",
            "Tarih": "2026-11-21",
            "Saat": "2026-11-21 10:20:00",
            "Üye": "true",
        },
        {"No": "0002", "Ad": "", "Tutar": "0.3", "Tarih": "22.11.2026", "Saat": "", "Üye": "false"},
        {"No": "12345678901", "Ad": "Şule", "Tutar": "5", "Tarih": "", "Saat": "", "Üye": ""},
    ]


def test_excel_writes_as_the_contract_says_so_that_typed_and_real_values_agree() -> None:
    wanted = [
        Promised("Tutar", "number", settings={"decimalComma": True}),
        Promised("Tarih", "date", options={"format": "dd.MM.yyyy"}),
        Promised("Saat", "timestamp", options={"format": "dd.MM.yyyy HH:mm"}),
    ]
    first, second, _ = rows(workbook(TABLE), EXCEL, wanted)
    assert (first["Tutar"], first["Tarih"], first["Saat"]) == (
        "1234,5",
        "21.11.2026",
        "21.11.2026 10:20",
    )
    assert second["Tarih"] == "22.11.2026"


def test_excel_says_what_is_wrong() -> None:
    with pytest.raises(Unreadable, match="no sheet 'Satis'; it has Kapak, Satış"):
        rows(workbook(TABLE), Spec(format="excel", sheet="Satis"))
    with pytest.raises(Unreadable, match="column Sehir is missing; it has No, Ad"):
        rows(workbook(TABLE), EXCEL, [Promised("Sehir")])
    with pytest.raises(Unreadable, match="empty"):
        rows(workbook(TABLE), Spec(format="excel"))
    with pytest.raises(Unreadable, match="no Excel workbook"):
        rows(b"No;Ad\r\n1;x\r\n", EXCEL)
    titled = [["Rapor"], [], *TABLE]
    assert len(rows(workbook(titled), Spec(format="excel", sheet="Satış", skip=2))) == 3


INVOICE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ProfileID>EARSIVFATURA</cbc:ProfileID><cbc:ID>KPR2026000000042</cbc:ID>
 <cbc:UUID>6f1d0f52-4a3c-4c55-9a52-3f0b7c1d9e11</cbc:UUID>
 <cbc:IssueDate>2026-11-20</cbc:IssueDate><cbc:IssueTime>23:30:00.0000000+03:00</cbc:IssueTime>
 <cbc:InvoiceTypeCode>SATIS</cbc:InvoiceTypeCode>
 <cbc:DocumentCurrencyCode>TRY</cbc:DocumentCurrencyCode>
 <cbc:LineCountNumeric>2</cbc:LineCountNumeric>
 <cac:OrderReference><cbc:ID>S-77</cbc:ID></cac:OrderReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PartyIdentification><cbc:ID schemeID="MERSISNO">01</cbc:ID></cac:PartyIdentification>
  <cac:PartyIdentification><cbc:ID schemeID="VKN">1234567801</cbc:ID></cac:PartyIdentification>
  <cac:PartyName><cbc:Name>Lale Bakır A.Ş.</cbc:Name></cac:PartyName>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party>
  <cac:PartyIdentification><cbc:ID schemeID="TCKN">12345678901</cbc:ID></cac:PartyIdentification>
  <cac:PostalAddress><cbc:StreetName>Çınar Sok.</cbc:StreetName>
   <cbc:BuildingNumber>7</cbc:BuildingNumber><cbc:CityName>İzmir</cbc:CityName>
   <cac:Country><cbc:Name>Türkiye</cbc:Name></cac:Country></cac:PostalAddress>
  <cac:Contact><cbc:ElectronicMail>isil@posta.example</cbc:ElectronicMail></cac:Contact>
  <cac:Person><cbc:FirstName>Işıl</cbc:FirstName>
   <cbc:FamilyName>Yıldız</cbc:FamilyName></cac:Person>
 </cac:Party></cac:AccountingCustomerParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="TRY">20.00</cbc:TaxAmount>
  <cac:TaxSubtotal><cbc:TaxableAmount currencyID="TRY">100.00</cbc:TaxableAmount>
   <cbc:TaxAmount currencyID="TRY">20.00</cbc:TaxAmount><cbc:Percent>20</cbc:Percent>
   <cac:TaxCategory><cac:TaxScheme><cbc:Name>KDV</cbc:Name>
    <cbc:TaxTypeCode>0015</cbc:TaxTypeCode></cac:TaxScheme></cac:TaxCategory>
  </cac:TaxSubtotal></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount currencyID="TRY">100.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="TRY">120.00</cbc:TaxInclusiveAmount>
  <cbc:PayableAmount currencyID="TRY">120.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
 {lines}
</Invoice>"""
LINE = """<cac:InvoiceLine><cbc:ID>{0}</cbc:ID>
 <cbc:InvoicedQuantity unitCode="C62">2</cbc:InvoicedQuantity>
 <cbc:LineExtensionAmount currencyID="TRY">50.00</cbc:LineExtensionAmount>
 <cac:Item><cbc:Name>Cezve {0}</cbc:Name></cac:Item>
 <cac:Price><cbc:PriceAmount currencyID="TRY">25.00</cbc:PriceAmount></cac:Price>
</cac:InvoiceLine>"""
WHOLE = INVOICE.replace("{lines}", LINE.format(1) + LINE.format(2))
UBL = Spec(format="ubl")


def test_an_e_invoice_is_one_row_with_parties_taxes_and_lines() -> None:
    [row] = rows(WHOLE.encode(), UBL)
    assert row["UUID"] == "6f1d0f52-4a3c-4c55-9a52-3f0b7c1d9e11"
    assert (row["ID"], row["OrderID"], row["IssuedAt"]) == (
        "KPR2026000000042",
        "S-77",
        "2026-11-20 23:30:00",
    )
    assert (row["TaxExclusiveAmount"], row["TaxAmount"], row["PayableAmount"]) == (
        "100.00",
        "20.00",
        "120.00",
    )
    assert (row["Supplier"]["VKN"], row["Supplier"]["Name"]) == ("1234567801", "Lale Bakır A.Ş.")
    customer = row["Customer"]
    assert (customer["TaxNumber"], customer["VKN"], customer["Name"]) == (
        "12345678901",
        None,
        "Işıl Yıldız",
    )
    assert (customer["Address"], customer["City"], customer["Email"]) == (
        "Çınar Sok. 7",
        "İzmir",
        "isil@posta.example",
    )
    assert row["Taxes"] == [
        {"Code": "0015", "Name": "KDV", "Base": "100.00", "Percent": "20", "Amount": "20.00"}
    ]
    assert [(line["Name"], line["Quantity"], line["Unit"]) for line in row["Lines"]] == [
        ("Cezve 1", "2", "C62"),
        ("Cezve 2", "2", "C62"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WHOLE[:-20], "no XML"),
        (INVOICE.replace("{lines}", LINE.format(1)), "says it has 2 lines and 1 are there"),
        (WHOLE.replace("Invoice-2", "Order-2"), "not a UBL invoice"),
        (WHOLE.replace("cbc:UUID", "cbc:Uuid"), "has no UUID"),
        (WHOLE.replace("<Invoice ", '<!DOCTYPE a [<!ENTITY b "c">]><Invoice ', 1), "document type"),
        (WHOLE.replace('"TRY">120.00</cbc:Pay', '"EUR">120.00</cbc:Pay'), "paid in EUR"),
    ],
    ids=["cut off", "a line lost", "an order", "no key", "document type", "two currencies"],
)
def test_what_is_no_whole_invoice_is_refused(content: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        rows(content.encode(), UBL)


def test_nothing_outside_the_invoice_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("gizli")
    entity = f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret.as_uri()}">]><Invoice '
    content = WHOLE.replace("<Invoice ", entity, 1).replace("Lale Bakır", "&x;")
    with pytest.raises(Unreadable) as caught:
        invoice(io.BytesIO(content.encode()))
    assert "gizli" not in str(caught.value)


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not on this machine")
@pytest.mark.parametrize("name", ["BasicInvoice.xml", "CommercialInvoice.xml"])
def test_recorded_invoices_are_read_whole(name: str) -> None:
    [row] = rows((RECORDED / name).read_bytes(), UBL)
    assert row["UUID"]
    assert row["ID"].startswith("GIB")
    assert len(row["Supplier"]["TaxNumber"]) == 10
    assert row["Customer"]["Name"]
    assert row["Lines"]
    assert all(line["Name"] and line["Amount"] and line["Quantity"] for line in row["Lines"])
    assert row["Taxes"][0]["Code"] == "0015"


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def members(content: bytes, spec: Spec) -> dict[str, bytes]:
    with unpacked(io.BytesIO(content), spec) as found:
        return {member.name: member.file.read() for member in found}


def test_what_is_packed_comes_out_by_content_not_by_name() -> None:
    assert members(b"No;Ad\r\n", Spec()) == {"": b"No;Ad\r\n"}
    assert members(gzip.compress(b"No;Ad\r\n"), Spec()) == {"": b"No;Ad\r\n"}
    packed = zipped({"b.csv": b"2", "a/a.csv": b"1", "__MACOSX/b.csv": b"", "oku.txt": b"3"})
    assert members(packed, Spec(member="*.csv")) == {"a/a.csv": b"1", "b.csv": b"2"}
    book = workbook(TABLE)
    assert members(book, EXCEL) == {"": book}


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"0" * 5000), zipped({"a.csv": b"0" * 3000, "b.csv": b"0" * 2000})],
    ids=["gz", "zip"],
)
def test_a_bomb_is_refused_before_it_fills_the_disk(content: bytes) -> None:
    with pytest.raises(Unreadable, match="more than 4,999 bytes.*set unpacked"):
        members(content, Spec(unpacked=4_999))
    assert sum(map(len, members(content, Spec(unpacked=5_000)).values())) == 5_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"No;Ad" * 100)[:-9], "cannot be unpacked"),
        (zipped({"a.csv": b"1" * 100})[:-30], "cannot be unpacked"),
        (zipped({"a.txt": b"1"}), "no file in it is called"),
    ],
    ids=["gz", "zip", "another"],
)
def test_a_packed_file_that_is_cut_off_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        members(content, Spec(member="*.csv"))
