"""The ERP's side of SOAP 1.1 rpc/encoded: its WSDLs, its envelopes, its way of reading requests.

As Dolibarr 23 (NuSOAP) speaks: typed structs leave nulls out, untyped `<item xsi:type="xsd:">`
lists send them as nil, arrays say how many items they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape as _escape
from typing import Any

from lxml import etree

from sandbox.erp.types import (
    ANSWER,
    ARRAYS,
    AUTHENTICATION,
    LISTS,
    RESULT,
    SERVICES,
    STRUCTS,
    Fields,
)

NS = "http://www.dolibarr.org/ns/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"


def wsdl(service: str, address: str) -> bytes:
    """The service's WSDL, in ISO-8859-1, with SOAP-ENC imported without a location."""
    name = f"WebServicesDolibarr{service}"
    structs = {"authentication": AUTHENTICATION, "result": RESULT, **STRUCTS[service]}
    operations = SERVICES[service]
    encoded = f'use="encoded" namespace="{NS}" encodingStyle="{ENCODING}"'
    text = "\n".join(
        [
            '<?xml version="1.0" encoding="ISO-8859-1"?>',
            f'<definitions name="{name}" targetNamespace="{NS}" xmlns:tns="{NS}"'
            ' xmlns="http://schemas.xmlsoap.org/wsdl/"'
            ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
            f' xmlns:SOAP-ENC="{ENCODING}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
            ' xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
            f'<types><xsd:schema targetNamespace="{NS}">',
            f'<xsd:import namespace="{ENCODING}"/>',
            '<xsd:import namespace="http://schemas.xmlsoap.org/wsdl/"/>',
            *(_struct_type(*named) for named in structs.items()),
            *(_soap_array(*named) for named in ARRAYS.get(service, {}).items()),
            *(_list_type(*named) for named in LISTS[service].items()),
            "</xsd:schema></types>",
            *(_message(op, parts) for op, (parts, _) in operations.items()),
            *(_message(f"{op}Response", ANSWER | dict(out)) for op, (_, out) in operations.items()),
            f'<portType name="{name}PortType">',
            *(
                f'<operation name="{op}"><input message="tns:{op}"/>'
                f'<output message="tns:{op}Response"/></operation>'
                for op in operations
            ),
            f'</portType><binding name="{name}Binding" type="tns:{name}PortType">',
            '<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>',
            *(
                f'<operation name="{op}"><soap:operation soapAction="{NS}#{op}" style="rpc"/>'
                f"<input><soap:body {encoded}/></input>"
                f"<output><soap:body {encoded}/></output></operation>"
                for op in operations
            ),
            f'</binding><service name="{name}"><port name="{name}Port"'
            f' binding="tns:{name}Binding"><soap:address location="{escape(address)}"/></port>',
            "</service></definitions>",
        ]
    )
    return text.encode("iso-8859-1")


def _struct_type(name: str, fields: Fields) -> str:
    members = "".join(f'<xsd:element name="{n}" type="{t}"/>' for n, t in fields.items())
    return f'<xsd:complexType name="{name}"><xsd:all>{members}</xsd:all></xsd:complexType>'


def _soap_array(name: str, member: str) -> str:
    return (
        f'<xsd:complexType name="{name}"><xsd:complexContent>'
        '<xsd:restriction base="SOAP-ENC:Array"><xsd:attribute ref="SOAP-ENC:arrayType"'
        f' wsdl:arrayType="tns:{member}[]"/></xsd:restriction>'
        "</xsd:complexContent></xsd:complexType>"
    )


def _list_type(name: str, member: str) -> str:
    return (
        f'<xsd:complexType name="{name}"><xsd:sequence><xsd:element name="{member}"'
        f' type="tns:{member}" minOccurs="0" maxOccurs="unbounded"/></xsd:sequence>'
        "</xsd:complexType>"
    )


def _message(name: str, parts: Fields) -> str:
    members = "".join(f'<part name="{n}" type="{t}"/>' for n, t in parts.items())
    return f'<message name="{name}">{members}</message>'


class Denial(Exception):
    """A result_code and a label, answered as HTTP 200."""


def not_found(number: str, ref: str) -> Denial:
    return Denial("NOT_FOUND", f"Object not found for id={number} nor ref={ref} nor ref_ext=")


def escape(value: object) -> str:
    return _escape(str(value), quote=False)


def scalar(name: str, kind: str, value: object) -> str:
    if value is None:
        return f'<{name} xsi:nil="true" xsi:type="{kind}"/>'
    return f'<{name} xsi:type="{kind}">{escape(value)}</{name}>'


def struct(name: str, kind: str, values: Mapping[str, Any], types: Fields, inner: str = "") -> str:
    """A typed struct; None is left out, as NuSOAP does. `inner` is XML of further members."""
    members = "".join(
        scalar(member, kind_of, values[member])
        for member, kind_of in types.items()
        if values.get(member) is not None
    )
    return f'<{name} xsi:type="tns:{kind}">{members}{inner}</{name}>'


def item(values: Mapping[str, Any], tag: str = 'item xsi:type="xsd:"', inner: str = "") -> str:
    """An untyped list item: everything a string, None as nil."""
    members = "".join(
        f'<{name} xsi:nil="true"/>' if value is None else scalar(name, "xsd:string", value)
        for name, value in values.items()
    )
    return f"<{tag}>{members}{inner}</item>"


def array(name: str, items: list[str], kind: str = "", claimed: int | None = None) -> str:
    count = len(items) if claimed is None else claimed
    return (
        f'<{name} xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="{kind or ":"}[{count}]">'
        f"{''.join(items)}</{name}>"
    )


def envelope(body: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope SOAP-ENV:encodingStyle='
        f'"{ENCODING}" xmlns:SOAP-ENV="{SOAP}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:SOAP-ENC="{ENCODING}" xmlns:tns="{NS}">'
        f"<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


def fault(code: str, text: str) -> str:
    return envelope(
        "<SOAP-ENV:Fault>"
        + scalar("faultcode", "xsd:string", f"SOAP-ENV:{code}")
        + scalar("faultstring", "xsd:string", text)
        + '<faultactor xsi:type="xsd:string"></faultactor>'
        + '<detail xsi:type="xsd:string"></detail></SOAP-ENV:Fault>'
    )


def request(body: bytes) -> tuple[str, dict[str, Any]]:
    """Operation and arguments; raises etree.XMLSyntaxError or ValueError for anything else."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    called = etree.fromstring(body, parser).find(f"{{{SOAP}}}Body/*")
    if called is None:
        raise ValueError("no operation in the body")
    return etree.QName(called).localname, {
        etree.QName(part).localname: _value(part) for part in _elements(called)
    }


def _elements(parent: etree._Element) -> Iterable[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str))


def _value(element: etree._Element) -> Any:
    children = {etree.QName(child).localname: _value(child) for child in _elements(element)}
    return children or element.text or ""


def nil(service: str, name: str, kind: str) -> str:
    member = LISTS[service].get(kind.removeprefix("tns:"))
    if member:
        return (
            f'<{name} xsi:nil="true" xsi:type="SOAP-ENC:Array"'
            f' SOAP-ENC:arrayType="tns:{member}[0]"/>'
        )
    return scalar(name, kind, None)
