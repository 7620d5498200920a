"""The WSDL of one of NAV's pages: document/literal, the result wrapped twice."""

from __future__ import annotations

from html import escape
from typing import Any

from sandbox.nav.pages import PAGES, line_name, namespace


def wsdl(service: str, address: str) -> str:
    tns = namespace(service)
    lines = {field: kind for field, kind in PAGES[service].items() if isinstance(kind, dict)}
    types = _complex(service, PAGES[service])
    for field, kind in lines.items():
        name = line_name(field)
        types += _complex(name, kind) + _list(f"{name}_List", name)
    fields = "".join(f'<xsd:enumeration value="{field}"/>' for field in PAGES[service])
    types += _list(f"{service}_List", service) + (
        f'<xsd:simpleType name="{service}_Fields"><xsd:restriction base="xsd:string">{fields}'
        f'</xsd:restriction></xsd:simpleType><xsd:complexType name="{service}_Filter">'
        f'<xsd:sequence><xsd:element name="Field" type="tns:{service}_Fields"/>'
        '<xsd:element name="Criteria" type="xsd:string"/></xsd:sequence></xsd:complexType>'
    )
    parts = {
        "Read": '<xsd:element name="No" type="xsd:string"/>',
        "Read_Result": f'<xsd:element minOccurs="0" name="{service}" type="tns:{service}"/>',
        "ReadMultiple": f'<xsd:element maxOccurs="unbounded" name="filter" type="tns:{service}'
        '_Filter"/><xsd:element minOccurs="0" name="bookmarkKey" type="xsd:string"/>'
        '<xsd:element name="setSize" type="xsd:int"/>',
        "ReadMultiple_Result": '<xsd:element minOccurs="0" name="ReadMultiple_Result"'
        f' type="tns:{service}_List"/>',
    }
    elements = "".join(
        f'<xsd:element name="{name}"><xsd:complexType><xsd:sequence>{inner}</xsd:sequence>'
        "</xsd:complexType></xsd:element>"
        for name, inner in parts.items()
    )
    messages = "".join(
        f'<message name="{name}"><part name="parameters" element="tns:{name}"/></message>'
        for name in parts
    )
    port, binding = "", ""
    for name in ("Read", "ReadMultiple"):
        port += (
            f'<operation name="{name}"><input message="tns:{name}"/>'
            f'<output message="tns:{name}_Result"/></operation>'
        )
        binding += (
            f'<operation name="{name}"><soap:operation soapAction="{tns}:{name}" '
            'style="document"/><input><soap:body use="literal"/></input><output>'
            '<soap:body use="literal"/></output></operation>'
        )
    return (
        f'<definitions targetNamespace="{tns}" xmlns="http://schemas.xmlsoap.org/wsdl/"'
        f' xmlns:tns="{tns}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"><types><xsd:schema elementFormDefault='
        f'"qualified" targetNamespace="{tns}">{types}{elements}</xsd:schema></types>{messages}'
        f'<portType name="{service}_Port">{port}</portType><binding name="{service}_Binding"'
        f' type="tns:{service}_Port"><soap:binding transport="http://schemas.xmlsoap.org/soap/'
        f'http"/>{binding}</binding><service name="{service}_Service"><port name="{service}_Port"'
        f' binding="tns:{service}_Binding"><soap:address location="{escape(address)}"/></port>'
        "</service></definitions>"
    )


def _complex(name: str, fields: dict[str, Any]) -> str:
    members = "".join(
        f'<xsd:element minOccurs="0" name="{field}" type="'
        + (f"tns:{line_name(field)}_List" if isinstance(kind, dict) else kind)
        + '"/>'
        for field, kind in fields.items()
    )
    return (
        f'<xsd:complexType name="{name}"><xsd:sequence>{members}</xsd:sequence></xsd:complexType>'
    )


def _list(name: str, member: str) -> str:
    return (
        f'<xsd:complexType name="{name}"><xsd:sequence><xsd:element minOccurs="0"'
        f' maxOccurs="unbounded" name="{member}" type="tns:{member}"/></xsd:sequence>'
        "</xsd:complexType>"
    )
