"""A lean SOAP service with customers only: python -m drills.books ROWS. All in one answer, written
while it is read; every row follows from its number.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from drills.lean import serve

AT_ONCE = 1_000  # rows written together
XML = {"content-type": "text/xml; charset=utf-8"}
FIELDS = ("no", "name", "email", "phone", "address", "city", "note")
WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<definitions name="Books" targetNamespace="urn:books" xmlns="http://schemas.xmlsoap.org/wsdl/"
    xmlns:tns="urn:books" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <types><xsd:schema targetNamespace="urn:books" elementFormDefault="qualified">
    <xsd:element name="ListCustomers"><xsd:complexType/></xsd:element>
    <xsd:element name="ListCustomersResponse"><xsd:complexType><xsd:sequence>
      <xsd:element name="count" type="xsd:int"/>
      <xsd:element name="customers"><xsd:complexType><xsd:sequence>
        <xsd:element name="customer" minOccurs="0" maxOccurs="unbounded">
          <xsd:complexType><xsd:sequence>{fields}</xsd:sequence></xsd:complexType>
        </xsd:element>
      </xsd:sequence></xsd:complexType></xsd:element>
    </xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></types>
  <message name="Asked"><part name="body" element="tns:ListCustomers"/></message>
  <message name="Said"><part name="body" element="tns:ListCustomersResponse"/></message>
  <portType name="Books"><operation name="ListCustomers">
    <input message="tns:Asked"/><output message="tns:Said"/>
  </operation></portType>
  <binding name="Books" type="tns:Books">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="ListCustomers"><soap:operation soapAction="ListCustomers"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>
    </operation>
  </binding>
  <service name="Books"><port name="Books" binding="tns:Books">
    <soap:address location="{url}/ws"/>
  </port></service>
</definitions>
"""
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<ListCustomersResponse xmlns="urn:books"><count>{rows}</count><customers>'
)
TAIL = "</customers></ListCustomersResponse></s:Body></s:Envelope>"


class Books:
    def __init__(self, rows: int) -> None:
        self.rows, self.url = rows, ""

    def answer(
        self, method: str, path: str, query: str, body: bytes
    ) -> tuple[int, Iterator[bytes], dict[str, str]]:
        return 200, self._list() if method == "POST" else self._wsdl(), XML

    def _wsdl(self) -> Iterator[bytes]:
        fields = "".join(f'<xsd:element name="{name}" type="xsd:string"/>' for name in FIELDS)
        yield WSDL.format(fields=fields, url=self.url).encode()

    def _list(self) -> Iterator[bytes]:
        yield HEAD.format(rows=self.rows).encode()
        for start in range(1, self.rows + 1, AT_ONCE):
            some = range(start, min(start + AT_ONCE, self.rows + 1))
            yield "".join(map(_customer, some)).encode()
        yield TAIL.encode()


def _customer(number: int) -> str:
    values = {
        "no": f"120.01.{number:07}",
        "name": f"Şirket {number % 4001} Ltd. Şti.",
        "email": f"kisi{number}@ornek.example",
        "phone": f"+90532{number % 10_000_000:07}",
        "address": f"Atatürk Cad. No: {number % 300} Kat: {number % 9}",
        "city": "Muğla",
        "note": "Vadesi 30 gün &amp; iskontolu",
    }
    return f"<customer>{''.join(f'<{n}>{v}</{n}>' for n, v in values.items())}</customer>"


if __name__ == "__main__":
    books = Books(int(sys.argv[1]))
    serve(books.answer, lambda url: setattr(books, "url", url))
