"""Which properties objects have: HubSpot's own (those we need) and those an app adds."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from sandbox.hubspot.problems import Problem, bad_properties, invalid, not_found

TYPES = ("string", "number", "bool", "date", "datetime", "enumeration", "phone_number")
FIELD_TYPES = (
    "text",
    "textarea",
    "number",
    "booleancheckbox",
    "checkbox",
    "select",
    "radio",
    "date",
    "file",
    "html",
    "phonenumber",
    "calculation_equation",
)
NEEDED = ("name", "label", "type", "fieldType", "groupName")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
READ_ONLY = (
    *("hs_object_id", "createdate", "lastmodifieddate", "hs_lastmodifieddate"),
    "hs_merged_object_ids",
)
GROUPS = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "tickets": "ticketinformation",
    "line_items": "lineiteminformation",
    "products": "productinformation",
    "calls": "call_information",
    "emails": "email_information",
    "meetings": "meeting_information",
}
DATED = {"hs_object_id": "number", "createdate": "datetime", "hs_lastmodifieddate": "datetime"}
ACTIVITY = {"hs_timestamp": "datetime", "hubspot_owner_id": "enumeration"}
OWN = {
    "contacts": {
        **dict.fromkeys(("email", "firstname", "lastname", "company"), "string"),
        **dict.fromkeys(("address", "city", "zip", "lifecyclestage"), "string"),
        "phone": "phone_number",
        "date_of_birth": "date",
        "hs_email_optout": "bool",
        "hs_merged_object_ids": "string",
        "hs_object_id": "number",
        "createdate": "datetime",
        "lastmodifieddate": "datetime",
    },
    "deals": {
        **dict.fromkeys(("dealname", "dealstage", "pipeline", "deal_currency_code"), "string"),
        "amount": "number",
        "closedate": "datetime",
        **DATED,
    },
    "companies": {**dict.fromkeys(("name", "domain", "city", "phone"), "string"), **DATED},
    "tickets": {
        **dict.fromkeys(("subject", "hs_pipeline", "hs_pipeline_stage"), "string"),
        **DATED,
    },
    "line_items": {
        **dict.fromkeys(("name", "hs_sku", "hs_product_id"), "string"),
        **dict.fromkeys(("quantity", "price", "amount"), "number"),
        **DATED,
    },
    "products": {**dict.fromkeys(("name", "hs_sku"), "string"), "price": "number", **DATED},
    "calls": {"hs_call_title": "string", "hs_call_duration": "number", **ACTIVITY, **DATED},
    "emails": {"hs_email_subject": "string", "hs_email_status": "string", **ACTIVITY, **DATED},
    "meetings": {
        **dict.fromkeys(("hs_meeting_title", "hs_meeting_outcome"), "string"),
        **ACTIVITY,
        **DATED,
    },
}
KINDS = tuple(OWN)


class Schema:
    """Property definitions and groups of one object type."""

    def __init__(self, kind: str) -> None:
        self.groups = {GROUPS[kind]: {"name": GROUPS[kind], "label": GROUPS[kind]}}
        self.properties: dict[str, dict[str, Any]] = {}
        for name, type_ in OWN[kind].items():
            self.properties[name] = _definition(
                {"name": name, "label": name, "type": type_, "groupName": GROUPS[kind]},
                own=True,
            )

    def type_of(self, name: str) -> str:
        """Raises Problem for a property that does not exist."""
        if name not in self.properties:
            raise bad_properties([_unknown(name)])
        return str(self.properties[name]["type"])

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in NEEDED if not body.get(name)]
        if missing:
            raise invalid(f"Invalid input JSON: {', '.join(missing)} required but not set")
        if body["type"] not in TYPES or body["fieldType"] not in FIELD_TYPES:
            raise invalid(f"{body['type']} with {body['fieldType']} is not a valid property type")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", body["name"]):
            raise invalid(f"Property name {body['name']} is not valid")
        if body["groupName"] not in self.groups:
            raise invalid(f"Property group {body['groupName']} does not exist")
        if body["name"] in self.properties:
            text = f"A property named '{body['name']}' already exists."
            raise Problem(409, "CONFLICT", text, subCategory="Properties.PROPERTY_EXISTS")
        self.properties[body["name"]] = _definition(body, own=False)
        return self.properties[body["name"]]

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.properties:
            raise not_found(f"Property {name} does not exist")
        return self.properties[name]

    def create_group(self, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("name") or not body.get("label"):
            raise invalid("Invalid input JSON: name, label required but not set")
        if body["name"] in self.groups:
            text = f"A property group named '{body['name']}' already exists."
            raise Problem(409, "CONFLICT", text)
        group = {"name": body["name"], "label": body["label"], "displayOrder": -1}
        self.groups[body["name"]] = group | {"archived": False}
        return self.groups[body["name"]]

    def checked(self, values: dict[str, Any]) -> dict[str, str]:
        """The values as text, empty for null; raises Problem naming each that cannot be kept."""
        faults, kept = [], {}
        for name, value in values.items():
            text = _text(value)
            fault = self._fault(name, text)
            if fault:
                faults.append(fault)
            kept[name] = text
        if faults:
            raise bad_properties(faults)
        return kept

    def _fault(self, name: str, text: str) -> tuple[str, str, str] | None:
        definition = self.properties.get(name)
        if definition is None:
            return _unknown(name)
        if name in READ_ONLY or name == "hs_email_optout":
            return name, "READ_ONLY_VALUE", f'"{name}" is a read only property'
        if name == "email" and text and not EMAIL.fullmatch(text):
            return name, "INVALID_EMAIL", f"Email address {text} is invalid"
        options = [option["value"] for option in definition["options"]]
        if text and definition["type"] in ("enumeration", "bool") and text not in options:
            return name, "INVALID_OPTION", f"{text} was not one of the allowed options: {options}"
        if text and instant_or_number(definition["type"], text) is None:
            return name, f"INVALID_{definition['type'].upper()}", f"{text} is not valid for {name}"
        return None


@lru_cache(maxsize=1 << 17)  # a search parses the same dates for every page
def instant_or_number(type_: str, text: str) -> float | str | None:
    """What a value is compared as: a number, milliseconds since 1970, or text in lower case."""
    if type_ == "number":
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    if type_ not in ("date", "datetime"):
        return text.lower()
    if re.fullmatch(r"-?\d+", text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+00:00")
    except ValueError:
        return None
    return moment.timestamp() * 1000 if moment.tzinfo else None


def _definition(body: dict[str, Any], *, own: bool) -> dict[str, Any]:
    options = body.get("options", [])
    if body["type"] == "bool":
        options = options or [{"label": word, "value": word} for word in ("true", "false")]
    return {
        "name": body["name"],
        "label": body["label"],
        "type": body["type"],
        "fieldType": body.get("fieldType", "text"),
        "groupName": body["groupName"],
        "description": body.get("description", ""),
        "options": options,
        "displayOrder": -1,
        "hasUniqueValue": bool(body.get("hasUniqueValue", body["name"] == "hs_object_id")),
        "hidden": False,
        "formField": bool(body.get("formField", False)),
        "calculated": False,
        "externalOptions": False,
        "hubspotDefined": own,
        "archived": False,
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unknown(name: str) -> tuple[str, str, str]:
    return name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
