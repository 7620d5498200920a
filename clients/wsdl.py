"""A system's WSDLs, and request envelopes built by them; through zeep, which reads most WSDLs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import zeep
from lxml import etree
from zeep import xsd
from zeep.exceptions import Error as ZeepError

from clients import Implausible, Refused

ENCODING = "http://schemas.xmlsoap.org/soap/encoding"
ENCODING_XSD = Path(__file__).with_name("soap_encoding.xsd")


class _Transport(zeep.Transport):
    """Loads from the system's own host; SOAP-ENC, imported without a location, from here."""

    def __init__(self, wsdls: Wsdls) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # zeep's is untyped
        self.wsdls = wsdls

    def load(self, url: str) -> bytes:
        if url.rstrip("/") == ENCODING:
            return ENCODING_XSD.read_bytes()
        if urlsplit(url)[:2] != urlsplit(self.wsdls.base)[:2]:
            raise Refused(
                self.wsdls.system,
                f"its WSDL refers to {url}, which is another host",
                "Nothing is fetched from there; ask for a WSDL that is complete in itself.",
            )
        return self.wsdls.fetch(url)


class Wsdls:
    """Loads each WSDL when an operation is first looked for. Safe to share among threads."""

    def __init__(
        self, system: str, base: str, paths: Sequence[str], fetch: Callable[[str], bytes]
    ) -> None:
        self.system, self.base, self.paths, self.fetch = system, base, paths, fetch
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}

    def request(
        self, operation: str, arguments: Mapping[str, Any]
    ) -> tuple[str, bytes, dict[str, str]]:
        """URL, body and headers; raises Refused for an operation or argument there is not."""
        binding, address = self._binding(operation)
        try:
            known = binding.get(operation)
            message = known.create(**self._filled(known, arguments))
        except (ZeepError, ValueError, TypeError) as error:
            raise Refused(
                self.system,
                f"{operation} cannot be asked for so: {error}",
                "Compare the arguments in the settings with the WSDL.",
            ) from None
        # The address in a WSDL is what the server believes; secrets go only to the host given.
        url = urljoin(f"{self.base}/", urlsplit(address).path)
        body = etree.tostring(message.content, encoding="UTF-8", xml_declaration=True)
        return url, body, {**message.headers, "Content-Type": "text/xml; charset=utf-8"}

    def members(self, operation: str, argument: str) -> list[str]:
        """Names of the struct an operation takes as `argument`."""
        parts = dict(self._binding(operation)[0].get(operation).input.body.type.elements)
        return [name for name, _ in parts[argument].type.elements]

    def _binding(self, operation: str) -> tuple[Any, str]:
        known: list[str] = []
        with self._lock:
            for path in self.paths:
                if path not in self._loaded:
                    self._loaded[path] = self._load(path)
                service = self._loaded[path].service
                if operation in service._binding._operations:
                    return service._binding, service._binding_options["address"]
                known += service._binding._operations
        raise Refused(
            self.system,
            f"its WSDL has no operation {operation}",
            f"It has {', '.join(sorted(known))}; correct the settings.",
        )

    def _load(self, path: str) -> Any:
        settings = zeep.Settings(forbid_dtd=True, forbid_entities=True, force_https=False)
        try:
            client = zeep.Client(  # type: ignore[no-untyped-call]  # zeep's is untyped
                self.base + path, transport=_Transport(self), settings=settings
            )
            client.service._binding  # noqa: B018 - raises when the WSDL has no service
        except (ZeepError, etree.XMLSyntaxError, ValueError) as error:
            raise Implausible(
                self.system,
                f"{path} is not a usable WSDL ({type(error).__name__}: {str(error)[:200]})",
                "Open the address in a browser; correct wsdl in the settings.",
            ) from None
        return client

    def _filled(self, operation: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        parts = dict(operation.input.body.type.elements)
        strangers = given.keys() - parts.keys()
        if strangers:
            raise ValueError(f"it takes {', '.join(parts)}, not {', '.join(sorted(strangers))}")
        # Of an rpc call nothing may be left out: PHP servers answer that with an empty HTTP 500.
        empty = "" if operation.style == "rpc" else xsd.SkipValue
        return {name: _value(part.type, given.get(name), empty) for name, part in parts.items()}


def _value(kind: Any, given: Any, empty: Any) -> Any:
    """zeep refuses a struct that lacks a member, so members not given are skipped expressly."""
    members = getattr(kind, "elements", None)
    if not members:
        return empty if given is None else given
    if isinstance(given, list):
        return [_value(kind, one, empty) for one in given]
    given = given or {}
    strangers = given.keys() - {name for name, _ in members}
    if strangers:
        raise ValueError(f"{kind.name} has no {', '.join(sorted(strangers))}")
    return {
        name: _value(member.type, given[name], xsd.SkipValue)
        if given.get(name) is not None
        else xsd.SkipValue
        for name, member in members
    }
