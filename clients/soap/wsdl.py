"""A system's WSDLs, through zeep, which reads most of them; nothing is fetched from strangers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding

from clients import ClientError, Implausible, Refused
from clients.soap.envelope import SAFE
from clients.soap.schemas import localized, served

ADDRESSES = ("{http://schemas.xmlsoap.org/wsdl/soap/}", "{http://schemas.xmlsoap.org/wsdl/soap12/}")
# What zeep raises, besides its own errors, on a WSDL that is not as it expects.
ODD = (ZeepError, etree.LxmlError, ValueError, TypeError, LookupError, AttributeError)
ODDER = (NotImplementedError, RecursionError)


@dataclass(frozen=True)
class Operation:
    """`known`: zeep's operation, with `input`, `output`, `style`; `url`: where it is asked."""

    name: str
    binding: Any
    known: Any
    url: str

    @property
    def namespace(self) -> str:
        """The WSDL's own, for header elements it does not declare."""
        return str(etree.QName(self.binding.name).namespace or "")


class Wsdls:
    """Loads each WSDL when an operation is first looked for. Safe to share among threads.

    Settings: `wsdl` (paths or addresses; {name} in them is that setting's text), `soap` ("1.1"
    or "1.2", where the WSDL has both), `hosts` (others than the system's own it may refer to).
    """

    def __init__(
        self,
        system: str,
        base: str,
        settings: Mapping[str, Any],
        fetch: Callable[[str], bytes],
    ) -> None:
        self.system, self.base, self.settings, self.fetch = system, base, settings, fetch
        self._lock = threading.Lock()
        self._loaded: dict[str, dict[str, Operation]] = {}

    def operation(self, name: str, wsdl: str | None = None) -> Operation:
        """Raises Refused for one there is not, with those there are. `wsdl`: only look there."""
        known: set[str] = set()
        unusable: ClientError | None = None
        for path in [wsdl] if wsdl else self._paths():
            try:
                operations = self.operations(path)
            except (Refused, Implausible) as error:  # another one may have it
                unusable = unusable or error
                continue
            if name in operations:
                return operations[name]
            known |= operations.keys()
        raise unusable or Refused(
            self.system,
            f"its WSDL has no operation {name}",
            f"It has {', '.join(sorted(known)) or 'none'}; correct the settings.",
        )

    def operations(self, path: str) -> dict[str, Operation]:
        """All of one WSDL, by name."""
        with self._lock:
            if path not in self._loaded:
                self._loaded[path] = self._load(self._address(path))
            return self._loaded[path]

    def _paths(self) -> list[str]:
        paths = self.settings.get("wsdl", [])
        return [paths] if isinstance(paths, str) else list(paths)

    def _address(self, path: str) -> str:
        texts = {name: quote(text) for name, text in self.settings.items() if isinstance(text, str)}
        try:
            path = path.format_map(texts)
        except (KeyError, ValueError) as error:
            raise Refused(
                self.system,
                f"its wsdl {path} names {error}, and no such setting is there",
                f"Put it into systems.toml, for example {error} = ... beside wsdl.",
            ) from None
        return path if "://" in path else self.base + path

    def _load(self, url: str) -> dict[str, Operation]:
        settings = zeep.Settings(forbid_dtd=True, forbid_entities=True, force_https=False)
        try:
            found = zeep.Client(  # type: ignore[no-untyped-call]  # zeep's is untyped
                url, transport=_Transport(self, url), settings=settings
            )
            operations = self._operations(found.wsdl)
        except (*ODD, *ODDER) as error:
            raise Implausible(
                self.system,
                f"{urlsplit(url).path} is not a usable WSDL "
                f"({type(error).__name__}: {str(error)[:200]})",
                "Open the address in a browser; correct wsdl in the settings.",
            ) from None
        if not operations:
            raise Implausible(
                self.system,
                f"{urlsplit(url).path} is not a usable WSDL (it has no SOAP service)",
                "Open the address in a browser; correct wsdl in the settings.",
            )
        return operations

    def _operations(self, wsdl: Any) -> dict[str, Operation]:
        wanted = self.settings.get("soap")
        operations: dict[str, Operation] = {}
        for port in (port for service in wsdl.services.values() for port in service.ports.values()):
            binding: Any = port.binding
            if not isinstance(binding, SoapBinding):
                continue
            version = "1.2" if isinstance(binding, Soap12Binding) else "1.1"
            if wanted not in (None, version):
                continue
            url = self._endpoint(port.binding_options["address"])
            for name, known in binding._operations.items():
                operations.setdefault(name, Operation(name, binding, known, url))
        return operations

    def _endpoint(self, address: str) -> str:
        """The address in a WSDL is what the server believes; secrets go only to the host given."""
        if self.allowed(address):
            return address
        there = urlsplit(address)
        own = urljoin(f"{self.base}/", there.path)
        return f"{own}?{there.query}" if there.query else own

    def allowed(self, url: str) -> bool:
        """Whether it is a host that the settings list, besides the system's own."""
        return urlsplit(url).netloc in self.settings.get("hosts", ())


class _Transport(zeep.Transport):
    """Loads from the system's own host and those listed; known schemas come from our package.

    A server behind a proxy refers to itself by an inner name: what it calls itself in the
    WSDL's addresses is asked for at the address we have.
    """

    def __init__(self, wsdls: Wsdls, main: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # zeep's is untyped
        self.wsdls, self.main = wsdls, main
        self.itself: set[str] = set()

    def load(self, url: str) -> bytes:
        ours = served(url)
        if ours is not None:
            return ours
        content = self.wsdls.fetch(self._reached(url))
        parser = etree.XMLParser(**SAFE)
        root = etree.fromstring(content, parser)
        if root.getroottree().docinfo.doctype:
            return content  # zeep refuses it, and says why
        for kind in ADDRESSES:
            for address in root.iter(f"{kind}address"):
                self.itself.add(urlsplit(address.get("location", "")).netloc)
        localized(root)
        return bytes(etree.tostring(root))

    def _reached(self, url: str) -> str:
        base, there = urlsplit(self.wsdls.base), urlsplit(url)
        if there[:2] == base[:2] or self.wsdls.allowed(url):
            return url
        if there.hostname == base.hostname or there.netloc in self.itself:
            return there._replace(scheme=base.scheme, netloc=base.netloc).geturl()
        raise Refused(
            self.wsdls.system,
            f"its WSDL refers to {url}, which is another host",
            f'Nothing is fetched from there. If you trust it, put hosts = ["{there.netloc}"] '
            "into its settings; else ask for a WSDL that is complete in itself.",
        )
