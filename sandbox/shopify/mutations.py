"""What can be written: customers, their tags and metafields. Errors come as userErrors."""

from __future__ import annotations

import re
from typing import Any

from sandbox.records import Customer
from sandbox.shopify.metafields import (
    MOST,
    Definitions,
    Fault,
    check_name,
    check_value,
    digest,
    full_namespace,
)
from sandbox.shopify.nodes import Nodes
from sandbox.shopify.words import Row
from sandbox.web import now

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FIELDS = {"email": "email", "firstName": "first_name", "lastName": "last_name", "phone": "phone"}
ADDRESS = {"address1": "address", "city": "city", "zip": "postcode", "company": "company"}
OWNER = re.compile(r"gid://shopify/Customer/(\d+)")


class Mutations(Nodes):
    definitions: Definitions
    to_erase: set[str]  # records whose erasure was asked for; the shop does it later

    def values(self, record: str) -> tuple[Row, Row]:
        own, given = super().values(record)
        own |= {"tags": list(self.tags.get(record, [])), "note": self.notes.get(record)}
        return own, given

    def customer_create(self, info: Any, input: Row) -> Row:  # noqa: A002 - the schema's name
        if not any(input.get(name) for name in ("email", "phone", "firstName", "lastName")):
            text = "A name, phone number, or email address must be present"
            return _refused("customer", [{"field": None, "message": text}])
        errors = self._customer_errors(input, own="")
        if errors:
            return _refused("customer", errors)
        record = self.new_id()
        self.customers[record] = Customer(record, "", "", created_at=now(), consent_email=None)
        self._write(record, input)
        self.writes += 1
        return {"customer": self.customer_node(int(record)), "userErrors": []}

    def customer_update(self, info: Any, input: Row) -> Row:  # noqa: A002 - the schema's name
        record = self.owner(input.get("id") or "")
        if record is None:
            missing = {"field": ["id"], "message": "Customer does not exist"}
            return _refused("customer", [missing])
        errors = self._customer_errors(input, own=record)
        if errors:
            return _refused("customer", errors)
        before = self.values(record)
        dated = self.customers[record].updated_at
        self._write(record, input)
        if self.values(record) == before:
            self.customers[record].updated_at = dated
        else:
            self.writes += 1
        return {"customer": self.customer_node(int(record)), "userErrors": []}

    def tags_add(self, info: Any, id: str, tags: list[str]) -> Row:  # noqa: A002 - the schema's
        record = self.owner(id)
        if record is None:
            return _refused("node", [{"field": ["id"], "message": "Customer does not exist"}])
        kept = self.tags.setdefault(record, [])
        fresh = [tag for tag in dict.fromkeys(tags) if tag not in kept]
        if fresh:
            kept.extend(fresh)
            self.customers[record].updated_at = now()
            self.writes += 1
        return {"node": self.customer_node(int(record)), "userErrors": []}

    def tags_remove(self, info: Any, id: str, tags: list[str]) -> Row:  # noqa: A002 - the schema's
        record = self.owner(id)
        if record is None:
            return _refused("node", [{"field": ["id"], "message": "Customer does not exist"}])
        kept = self.tags.get(record, [])
        left = [tag for tag in kept if tag not in tags]
        if left != kept:
            self.tags[record] = left
            self.customers[record].updated_at = now()
            self.writes += 1
        return {"node": self.customer_node(int(record)), "userErrors": []}

    def metafields_set(self, info: Any, metafields: list[Row]) -> Row:
        if len(metafields) > MOST:
            text = f"Exceeded the maximum metafields input limit of {MOST}."
            fault = Fault("metafields", "LESS_THAN_OR_EQUAL_TO", text)
            return _refused("metafields", [fault.error()])
        checked, errors = [], []
        for index, entry in enumerate(metafields):
            try:
                checked.append(self._checked(entry))
            except Fault as fault:
                errors.append(fault.error("metafields", str(index), index=index))
        if errors:
            return _refused("metafields", errors)
        before = {record: self.values(record) for record, _, _, _ in checked}
        for record, name, type_, value in checked:
            self.arrive(record, {name: value})
            self.given.setdefault(record, {})[name] = value
            self.metafield_types[record, name] = type_
        for record, values in before.items():
            if self.values(record) != values:
                self.customers[record].updated_at = now()
                self.writes += 1
        nodes = [self.metafield_node(record, name) for record, name, _, _ in checked]
        return {"metafields": nodes, "userErrors": []}

    def metafields_delete(self, info: Any, metafields: list[Row]) -> Row:
        """Null for a value that was not there; an owner that does not exist refuses all."""
        owners = [self.owner(entry["ownerId"]) for entry in metafields]
        errors = [
            {"field": ["metafields", str(index), "ownerId"], "message": "Owner does not exist"}
            for index, record in enumerate(owners)
            if record is None
        ]
        if errors:
            return _refused("deletedMetafields", errors)
        found = []
        for record, entry in zip(map(str, owners), metafields, strict=True):
            name = f"{full_namespace(entry['namespace'])}.{entry['key']}"
            gone = self.given.get(record, {}).pop(name, None)
            self.arrive(record, {name: None})
            found.append(None if gone is None else entry)
            if gone is not None:
                self.customers[record].updated_at = now()
                self.writes += 1
        return {"deletedMetafields": found, "userErrors": []}

    def definition_create(self, info: Any, definition: Row) -> Row:
        try:
            made = self.definitions.create(definition)
        except Fault as fault:
            return _refused("createdDefinition", [fault.error("definition")])
        return {"createdDefinition": made, "userErrors": []}

    def data_erasure(self, info: Any, **asked: str) -> Row:
        record = self.owner(asked["customerId"])
        if record is None:
            missing = {"field": ["customerId"], "message": "Customer does not exist"}
            return _refused("customerId", [{**missing, "code": "DOES_NOT_EXIST"}])
        self.to_erase.add(record)
        return {"customerId": asked["customerId"], "userErrors": []}

    def owner(self, id_: str) -> str | None:
        """The record a gid names, when there is one."""
        match = OWNER.fullmatch(id_)
        return match[1] if match and match[1] in self.customers else None

    def _checked(self, entry: Row) -> tuple[str, str, str, str]:
        """Record, namespace.key, type and value of one entry; raises Fault."""
        record = self.owner(entry["ownerId"])
        if record is None:
            raise Fault("ownerId", "INVALID", f"Owner does not exist: {entry['ownerId']}")
        namespace = full_namespace(entry.get("namespace"))
        check_name(namespace, entry["key"])
        name = f"{namespace}.{entry['key']}"
        known = self.metafield_types.get((record, name))
        type_ = self.definitions.type_for(entry, name, known)
        check_value(type_, entry["value"])
        expected, have = entry.get("compareDigest"), self.given.get(record, {}).get(name)
        if expected is not None and expected != (digest(have) if have is not None else None):
            raise Fault("compareDigest", "STALE_OBJECT", "The resource has been updated since")
        return record, name, type_, entry["value"]

    def _customer_errors(self, wanted: Row, own: str) -> list[Row]:
        email = wanted.get("email")
        if email and not EMAIL.fullmatch(email):
            return [{"field": ["email"], "message": "Email is invalid"}]
        if email and self.by_email(email) not in (None, own):
            return [{"field": ["email"], "message": "Email has already been taken"}]
        fields = wanted.get("metafields") or []
        try:
            for entry in fields:
                self._checked_new(entry)
        except Fault as fault:
            return [{"field": ["metafields", fault.field], "message": str(fault)}]
        return []

    def _checked_new(self, entry: Row) -> tuple[str, str, str]:
        namespace = full_namespace(entry.get("namespace"))
        check_name(namespace, entry.get("key") or "")
        name = f"{namespace}.{entry['key']}"
        type_ = self.definitions.type_for(entry, name, None)
        check_value(type_, entry.get("value") or "")
        return name, type_, entry["value"]

    def _write(self, record: str, wanted: Row) -> None:
        customer = self.customers[record]
        addresses = wanted.get("addresses") or [{}]
        for names, values in ((FIELDS, wanted), (ADDRESS, addresses[0])):
            for name in names.keys() & values.keys():
                setattr(customer, names[name], values[name] or "")
        if "email" in wanted:
            self.forget_emails()
        customer.name = f"{customer.first_name} {customer.last_name}".strip() or customer.company
        consent = wanted.get("emailMarketingConsent")
        if consent:
            customer.consent_email = consent["marketingState"] == "SUBSCRIBED"
        if wanted.get("tags") is not None:
            self.tags[record] = list(wanted["tags"])  # these replace all there were
        if "note" in wanted:
            self.notes[record] = wanted["note"]
        for entry in wanted.get("metafields") or []:
            name, type_, value = self._checked_new(entry)
            self.given.setdefault(record, {})[name] = value
            self.metafield_types[record, name] = type_
        customer.updated_at = now()


def _refused(payload: str, errors: list[Row]) -> Row:
    return {payload: None, "userErrors": errors}
