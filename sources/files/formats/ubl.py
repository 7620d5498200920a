"""UBL-TR e-invoices: one XML file is one row.

Fields have the names UBL gives them: UUID, ID, ProfileID, InvoiceTypeCode, IssueDate, IssueTime,
IssuedAt (both together, Istanbul), DueDate, Currency, OrderID, Supplier and Customer (Name, VKN,
TCKN, TaxNumber, Email, Phone, Address, City, Postcode, Country), the sums of LegalMonetaryTotal,
TaxAmount, Taxes and Lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

from lxml import etree

from sources.contract import Column
from sources.files.formats.shared import Contents, Spec, Unreadable
from sources.shapes import Row

LARGEST = 50_000_000  # bytes; signatures and embedded style sheets make invoices large
DEEPEST = 60
INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
HEADER = {
    "UUID": "cbc:UUID",
    "ID": "cbc:ID",
    "ProfileID": "cbc:ProfileID",
    "InvoiceTypeCode": "cbc:InvoiceTypeCode",
    "IssueDate": "cbc:IssueDate",
    "IssueTime": "cbc:IssueTime",
    "DueDate": "cac:PaymentMeans/cbc:PaymentDueDate|cac:PaymentTerms/cbc:PaymentDueDate",
    "Currency": "cbc:DocumentCurrencyCode",
    "OrderID": "cac:OrderReference/cbc:ID",
    "Note": "cbc:Note",
    "LineExtensionAmount": "cac:LegalMonetaryTotal/cbc:LineExtensionAmount",
    "TaxExclusiveAmount": "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
    "TaxInclusiveAmount": "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
    "AllowanceTotalAmount": "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount",
    "PayableAmount": "cac:LegalMonetaryTotal/cbc:PayableAmount",
    "TaxAmount": "cac:TaxTotal/cbc:TaxAmount",
}
PARTY = {
    "Email": "cac:Contact/cbc:ElectronicMail",
    "Phone": "cac:Contact/cbc:Telephone",
    "City": "cac:PostalAddress/cbc:CityName",
    "District": "cac:PostalAddress/cbc:CitySubdivisionName",
    "Postcode": "cac:PostalAddress/cbc:PostalZone",
    "Country": "cac:PostalAddress/cac:Country/cbc:Name",
    "TaxOffice": "cac:PartyTaxScheme/cac:TaxScheme/cbc:Name",
}
STREET = ("StreetName", "BuildingName", "BuildingNumber", "Room", "CitySubdivisionName")
TAX = {
    "Code": "cac:TaxCategory/cac:TaxScheme/cbc:TaxTypeCode",
    "Name": "cac:TaxCategory/cac:TaxScheme/cbc:Name",
    "Base": "cbc:TaxableAmount",
    "Percent": "cbc:Percent",
    "Amount": "cbc:TaxAmount",
}
LINE = {
    "ID": "cbc:ID",
    "Name": "cac:Item/cbc:Name",
    "ProductID": "cac:Item/cac:SellersItemIdentification/cbc:ID",
    "Quantity": "cbc:InvoicedQuantity",
    "Unit": "cbc:InvoicedQuantity/@unitCode",
    "Price": "cac:Price/cbc:PriceAmount",
    "Amount": "cbc:LineExtensionAmount",
    "TaxAmount": "cac:TaxTotal/cbc:TaxAmount",
}
NEEDED = ("UUID", "ID", "IssueDate", "Currency", "PayableAmount")


def read(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> Contents:
    row = invoice(file)

    def pages(start: int, size: int) -> Iterator[list[Row]]:
        if start == 0:
            yield [row]

    return Contents(shape(file, spec, wanted), 1, pages)


def shape(file: IO[bytes], spec: Spec, wanted: Sequence[Column]) -> dict[str, str]:
    """The standard says what an invoice looks like; this is what is taken of it."""
    return dict.fromkeys([*HEADER, "IssuedAt", "Supplier", "Customer", "Taxes", "Lines"], "UBL-TR")


def invoice(file: IO[bytes]) -> Row:
    """Raises Unreadable for what is no UBL-TR invoice, or one that does not add up."""
    root = _root(file)
    row: Row = _taken(root, HEADER)
    missing = [name for name in NEEDED if not row.get(name)]
    if missing:
        raise Unreadable(f"the invoice has no {', '.join(missing)}; ask for a whole one")
    row["IssuedAt"] = f"{row['IssueDate']} {row.get('IssueTime') or '00:00:00'}"[:19]
    row["Supplier"] = _party(root, "cac:AccountingSupplierParty")
    row["Customer"] = _party(root, "cac:AccountingCustomerParty")
    row["Taxes"] = [_taken(tax, TAX) for tax in _all(root, "cac:TaxTotal/cac:TaxSubtotal")]
    row["Lines"] = [_taken(line, LINE) for line in _all(root, "cac:InvoiceLine")]
    said = _first(root, "cbc:LineCountNumeric")
    if said and said.isdigit() and int(said) != len(row["Lines"]):
        raise Unreadable(f"it says it has {said} lines and {len(row['Lines'])} are there")
    foreign = _first(root, "cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID")
    if foreign and foreign != row["Currency"]:
        raise Unreadable(f"its currency is {row['Currency']} and it is to be paid in {foreign}")
    return row


def _root(file: IO[bytes]) -> Any:
    file.seek(0)
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST:,} bytes: no invoice is")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"it is no XML ({error.msg}); it may still be being written") from None
    if root.getroottree().docinfo.doctype:
        raise Unreadable("it has a document type, which no invoice has: nothing of it is read")
    if root.tag != f"{{{INVOICE}}}Invoice":
        raise Unreadable(f"it is a {root.tag}, not a UBL invoice; correct files in the settings")
    return root


def _party(root: Any, path: str) -> Row:
    party = next(iter(_all(root, f"{path}/cac:Party")), None)
    if party is None:
        return {}
    row = _taken(party, PARTY)
    for scheme in ("VKN", "TCKN"):
        row[scheme] = _first(party, f"cac:PartyIdentification/cbc:ID[@schemeID='{scheme}']")
    row["TaxNumber"] = row["VKN"] or row["TCKN"]
    person = [_first(party, f"cac:Person/cbc:{name}") for name in ("FirstName", "FamilyName")]
    row["FirstName"], row["LastName"] = person
    row["Name"] = _first(party, "cac:PartyName/cbc:Name") or " ".join(filter(None, person))
    street = [_first(party, f"cac:PostalAddress/cbc:{name}") for name in STREET]
    row["Address"] = " ".join(filter(None, street))
    return row


def _taken(element: Any, fields: dict[str, str]) -> Row:
    return {name: _first(element, path) for name, path in fields.items()}


def _all(element: Any, path: str) -> Any:
    return element.xpath(path, namespaces=NAMES)


def _first(element: Any, path: str) -> str | None:
    for found in _all(element, path):
        text = found if isinstance(found, str) else found.text
        if text and text.strip():
            return str(text.strip())
    return None
