"""Schemas that WSDLs import from nowhere, or from hosts we do not ask: served from here."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"
PLACE = "http://schemas.kopru.invalid/"  # no such host: only `served` answers for it
FILES = {
    "http://schemas.xmlsoap.org/soap/encoding/": "soap_encoding.xsd",
    "http://www.w3.org/2003/05/soap-encoding": "soap12_encoding.xsd",
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
    "http://www.w3.org/2005/08/addressing": "ws_addressing.xsd",
    "http://www.w3.org/2005/05/xmlmime": "xmlmime.xsd",
    "http://microsoft.com/wsdl/types/": "microsoft_types.xsd",
    "http://schemas.microsoft.com/2003/10/Serialization/": "microsoft_serialization.xsd",
}


def served(url: str) -> bytes | None:
    """The schema of ours at this address; zeep asks for SOAP-ENC by its namespace."""
    name = FILES.get(url) or FILES.get(f"{url}/", url.removeprefix(PLACE))
    return Path(__file__).with_name(name).read_bytes() if name in FILES.values() else None


def localized(root: etree._Element) -> None:
    """Points imports of namespaces that we have, and the document itself has not, to ours."""
    inline = {schema.get("targetNamespace") for schema in root.iter(f"{XSD}schema")}
    for found in root.iter(f"{XSD}import"):
        namespace = found.get("namespace")
        if namespace in FILES and namespace not in inline:
            found.set("schemaLocation", PLACE + FILES[namespace])
