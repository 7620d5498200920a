"""Builds what is sent: envelopes by the WSDL, credentials where the settings want them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree
from zeep import xsd
from zeep.wsse.username import UsernameToken

from clients import Denied, Refused
from clients.soap.wsdl import ODD, Operation
from systems import Connection

Spec = Mapping[str, Any]


class Credentials:
    """Where a connection's secrets go, by the settings' `authentication`:

    argument   a struct of the body, of `members` (name -> connection field) and `fixed` texts;
               without it the members are arguments by themselves
    header     an element of the SOAP header, of the same
    basic      true: HTTP Basic
    username_token  "text" or "digest": WS-Security
    """

    def __init__(self, system: str, spec: Spec | None, connection: Connection) -> None:
        self.system, self.spec, self.connection = system, spec or {}, connection

    @property
    def basic(self) -> tuple[bytes, bytes] | None:
        """As UTF-8: requests alone would only know Latin-1."""
        if not self.spec.get("basic"):
            return None
        return self._field("login").encode(), self._field("password").encode()

    def arguments(self, operation: Operation) -> dict[str, Any]:
        if "header" in self.spec or not {"members", "fixed"} & self.spec.keys():
            return {}
        if "argument" in self.spec:
            return {self.spec["argument"]: self._members()}
        taken = {name for name, _ in elements(operation.known.input.body)}
        return {name: value for name, value in self._members().items() if name in taken}

    def headers(self, operation: Operation) -> Any:
        """What zeep takes as headers: by name where the WSDL declares it, else an element."""
        name = self.spec.get("header")
        if not name:
            return None
        declared = elements(operation.known.input.header)
        for part, element in declared:
            if name in (part, element.name):
                return {part: value_of(element.type, self._members(), xsd.SkipValue)}
        return [_element(operation.namespace, name, self._members())]

    def sign(self, envelope: etree._Element) -> None:
        way = self.spec.get("username_token")
        if way:
            token = UsernameToken(  # type: ignore[no-untyped-call]  # zeep's is untyped
                self._field("login"),
                self._field("password"),
                use_digest=way == "digest",
                zulu_timestamp=True,
            )
            token.apply(envelope, {})  # type: ignore[no-untyped-call]  # zeep's is untyped

    def _members(self) -> dict[str, Any]:
        return {**self.spec.get("fixed", {}), **self._filled(self.spec.get("members", {}))}

    def _filled(self, members: Spec) -> dict[str, Any]:
        return {
            name: self._filled(field) if isinstance(field, Mapping) else self._field(field)
            for name, field in members.items()
        }

    def _field(self, field: str) -> str:
        holder, _, name = field.rpartition(".")
        value = self.connection.extra.get(name) if holder else getattr(self.connection, field, None)
        if not value:
            raise Denied(
                self.system,
                f"its connection has no {field}",
                f"Put {field} into the Airflow connection {self.system!r}.",
            )
        return str(value)


def envelope(
    system: str, operation: Operation, arguments: Any, credentials: Credentials
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the request; raises Refused for an argument the operation lacks."""
    known = operation.known
    try:
        if isinstance(arguments, Mapping):
            given = filled(known, {**credentials.arguments(operation), **arguments})
            message = known.create(**given, _soapheaders=credentials.headers(operation))
        else:  # a bare message may be a text
            message = known.create(str(arguments), _soapheaders=credentials.headers(operation))
        operation.binding._set_http_headers(message, known)
    except ODD as error:
        raise Refused(
            system,
            f"{operation.name} cannot be asked for so: {error}",
            "Compare the arguments in the settings with the WSDL.",
        ) from None
    credentials.sign(message.content)
    headers = {name: text for name, text in message.headers.items() if _sent(name, message.headers)}
    return etree.tostring(message.content, encoding="UTF-8", xml_declaration=True), headers


def filled(known: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as zeep takes them; raises ValueError for one there is not."""
    parts = dict(elements(known.input.body))
    strangers = given.keys() - parts.keys()
    if strangers:
        takes = ", ".join(parts) or "no arguments"
        raise ValueError(f"it takes {takes}, not {', '.join(sorted(strangers))}")
    # Of an rpc call nothing may be left out: PHP servers answer that with an empty HTTP 500.
    empty = "" if known.style == "rpc" else xsd.SkipValue
    return {name: value_of(part.type, given.get(name), empty) for name, part in parts.items()}


def value_of(kind: Any, given: Any, empty: Any) -> Any:
    """zeep refuses a struct that lacks a member, so members not given are skipped expressly."""
    members = getattr(kind, "elements", None)
    if not members:
        return empty if given is None else given
    if isinstance(given, list):
        if not given:
            return xsd.SkipValue
        name, item = members[0]
        if _holds_items(kind, name, item, given):
            return {name: [value_of(item.type, one, xsd.SkipValue) for one in given]}
        return [value_of(kind, one, empty) for one in given]
    if given is None and empty is xsd.SkipValue:
        return empty
    given = given or {}
    strangers = given.keys() - {name for name, _ in members}
    if strangers:
        raise ValueError(f"{kind.name} has no {', '.join(sorted(strangers))}")
    return {
        name: xsd.SkipValue
        if given.get(name) is None
        else value_of(member.type, given[name], xsd.SkipValue)
        for name, member in members
    }


def _holds_items(kind: Any, name: str, item: Any, given: list[Any]) -> bool:
    """Whether the type is the list. PHP answers with an array, too, where its WSDL has a struct of
    one repeated member."""
    if getattr(kind, "_array_type", None) is not None:
        return True
    named = all(isinstance(one, Mapping) and name in one for one in given)
    return len(kind.elements) == 1 and item.accepts_multiple and not named


def elements(element: Any) -> list[tuple[str, Any]]:
    """Names and elements inside one of zeep's elements; none of a simple type or of None."""
    return list(getattr(getattr(element, "type", None), "elements", None) or [])


def _element(namespace: str, name: str, value: Any) -> etree._Element:
    element = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})
    if isinstance(value, Mapping):
        element.extend(_element(namespace, *member) for member in value.items())
    else:
        element.text = str(value)
    return element


def _sent(name: str, headers: Mapping[str, str]) -> bool:
    """SOAP 1.2 says the action in its content type."""
    return name != "SOAPAction" or "action=" not in headers["Content-Type"]
