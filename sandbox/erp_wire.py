"""The ERP's side of SOAP 1.1 rpc/encoded: its WSDLs, its envelopes, its way of reading requests.

As Dolibarr 23 (NuSOAP) speaks: typed structs leave nulls out, untyped `<item xsi:type="xsd:">`
lists send them as nil, arrays say how many items they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape as _escape
from typing import Any

from lxml import etree

NS = "http://www.dolibarr.org/ns/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
Fields = Mapping[str, str]  # member name -> XSD or tns type


def _strings(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "xsd:string")


AUTHENTICATION = _strings("dolibarrkey sourceapplication login password entity")
RESULT = _strings("result_code result_label")
THIRDPARTY = {
    **_strings("id ref ref_ext fk_user_author status client supplier customer_code supplier_code"),
    **_strings("customer_code_accountancy supplier_code_accountancy"),
    **dict.fromkeys(("date_creation", "date_modification"), "xsd:dateTime"),
    **_strings("note_private note_public address zip town region_code country_id country_code"),
    **_strings("country phone fax email url profid1 profid2 profid3 profid4 profid5 profid6"),
    **_strings("capital vat_used vat_number"),
}
LINE = {
    "id": "xsd:string",
    **dict.fromkeys(("type", "fk_commande", "fk_parent_line"), "xsd:int"),
    "desc": "xsd:string",
    **dict.fromkeys(("qty", "price", "unitprice", "vat_rate", "remise"), "xsd:double"),
    **dict.fromkeys(("remise_percent", "total_net", "total_vat", "total"), "xsd:double"),
    **dict.fromkeys(("date_start", "date_end"), "xsd:date"),
    "product_id": "xsd:int",
    **_strings("product_ref product_label product_desc"),
}
ORDER = {
    **_strings("id ref ref_client ref_ext"),
    **dict.fromkeys(("thirdparty_id", "status"), "xsd:int"),
    "billed": "xsd:string",
    **dict.fromkeys(("total_net", "total_vat", "total_localtax1"), "xsd:double"),
    **dict.fromkeys(("total_localtax2", "total"), "xsd:double"),
    **dict.fromkeys(("date", "date_due"), "xsd:date"),
    **dict.fromkeys(("date_creation", "date_validation", "date_modification"), "xsd:dateTime"),
    **_strings("source note_private note_public project_id mode_reglement_id"),
    **_strings("mode_reglement_code mode_reglement cond_reglement_id cond_reglement_code"),
    **_strings("cond_reglement cond_reglement_doc"),
    "date_livraison": "xsd:date",
    "demand_reason_id": "xsd:string",
    "lines": "tns:LinesArray2",
}
FILTER = _strings("client supplier category")
CALLER = {"authentication": "tns:authentication"}
ANSWER = {"result": "tns:result"}
# service -> operation -> (parts in, parts out besides `result`)
SERVICES: dict[str, dict[str, tuple[Fields, Fields]]] = {
    "ThirdParty": {
        "getThirdParty": (
            CALLER | _strings("id ref ref_ext barcode profid1 profid2"),
            {"thirdparty": "tns:thirdparty"},
        ),
        "createThirdParty": (CALLER | {"thirdparty": "tns:thirdparty"}, _strings("id ref")),
        "updateThirdParty": (CALLER | {"thirdparty": "tns:thirdparty"}, _strings("id")),
        "getListOfThirdParties": (
            CALLER | {"filterthirdparty": "tns:filterthirdparty"},
            {"thirdparties": "tns:ThirdPartiesArray2"},
        ),
    },
    "Order": {
        "getOrder": (CALLER | _strings("id ref ref_ext"), {"order": "tns:order"}),
        "getOrdersForThirdParty": (
            CALLER | _strings("idthirdparty"),
            {"orders": "tns:OrdersArray2"},
        ),
    },
}
STRUCTS = {
    "ThirdParty": {"thirdparty": THIRDPARTY, "filterthirdparty": FILTER},
    "Order": {"line": LINE, "order": ORDER},
}
LISTS = {
    "ThirdParty": {"ThirdPartiesArray2": "thirdparty"},
    "Order": {"LinesArray2": "line", "OrdersArray2": "order"},
}


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
            _soap_array("ThirdPartiesArray", "thirdparty") if service == "ThirdParty" else "",
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
