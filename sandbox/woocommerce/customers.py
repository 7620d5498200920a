"""/customers: no modified_after (it is ignored), only the role `customer` unless asked."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from sandbox.records import Customer
from sandbox.web import WebStore, now
from sandbox.woocommerce.meta import Meta
from sandbox.woocommerce.problems import Problem, invalid, no_customer
from sandbox.woocommerce.queries import choice, forced, ids, number
from sandbox.woocommerce.rows import customer_row

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ORDER_BY = ("id", "include", "name", "registered_date")
FIELDS = {"first_name": "first_name", "last_name": "last_name"}
BILLING = {
    "first_name": "first_name",
    "last_name": "last_name",
    "company": "company",
    "address_1": "address",
    "city": "city",
    "postcode": "postcode",
    "phone": "phone",
}
CONSENT = "newsletter"


class Customers(WebStore):
    meta: Meta
    roles: dict[str, str]  # record -> role, where it is not "customer"

    def find_customers(self, request: Request) -> list[str]:
        role = request.query_params.get("role", "customer")
        key = choice(request, "orderby", ORDER_BY, "name")
        backwards = choice(request, "order", ("asc", "desc"), "asc") == "desc"
        for name, default in (("page", 1), ("per_page", 10)):
            number(request, name, default, 100 if name == "per_page" else 10**9)
        include, exclude = ids(request, "include"), ids(request, "exclude")
        email = request.query_params.get("email", "").lower()
        search = request.query_params.get("search", "").lower()
        found = [
            c
            for c in self.customers.values()
            if (role == "all" or self.roles.get(c.record, "customer") == role)
            and (not include or c.record in include)
            and c.record not in exclude
            and (not email or c.email.lower() == email)
            and (not search or search in f"{c.email} {c.name}".lower())
        ]
        found.sort(key=SORTS.get(key, _by_id), reverse=backwards)
        return [c.record for c in found]

    def customer_row(self, record: str, base: str) -> dict[str, Any]:
        customer = self.customers[record]
        consent = {
            "id": self.meta.id(record, CONSENT),
            "key": CONSENT,
            "value": "yes" if customer.consent_email else "no",
        }
        asked = [] if customer.consent_email is None else [consent]
        meta = [*asked, *self.meta.rows(record)]
        row: dict[str, Any] = customer_row(customer, self.roles.get(record, "customer"), meta, base)
        return row

    def create_customer(self, body: dict[str, Any]) -> str:
        email = str(body.get("email") or "")
        if not EMAIL.fullmatch(email):
            text = "Please provide a valid email address."
            raise Problem(400, "registration-error-invalid-email", text)
        if self.by_email(email):
            text = f"An account is already registered with {email}. "
            text += "Please log in or use a different email address."
            raise Problem(400, "registration-error-email-exists", text)
        record = self.new_id()
        created = now()
        self.customers[record] = Customer(
            record, "", "", email=email, created_at=created, consent_email=None
        )
        self.forget_emails()
        self._write_customer(record, body)
        self.writes += 1
        return record

    def update_customer(self, record: str, body: dict[str, Any]) -> str:
        customer = self.customers.get(record)
        if customer is None:
            raise no_customer()
        email = body.get("email", customer.email)
        if email != customer.email:
            # The database finds the own address in another case, and takes it for another user's.
            if not EMAIL.fullmatch(str(email)) or self.by_email(email):
                text = "Email address is invalid."
                raise Problem(400, "woocommerce_rest_customer_invalid_email", text)
            self.forget_emails()
        before = self.values(record)
        customer.email = email
        self._write_customer(record, body)
        self.writes += self.values(record) != before
        return record

    def delete_customer(self, record: str, request: Request) -> dict[str, Any]:
        if record not in self.customers:
            raise no_customer()
        if not forced(request):
            text = "Customers do not support trashing."
            raise Problem(501, "woocommerce_rest_trash_not_supported", text)
        return self.remove_customer(record, "")

    def remove_customer(self, record: str, base: str) -> dict[str, Any]:
        """The row as it was; orders stay, become a guest's and are modified."""
        if record not in self.customers:
            raise no_customer()
        row = self.customer_row(record, base)
        del self.customers[record]
        self.given.pop(record, None)
        self.forget_emails()
        for order in self.orders.values():
            if order.customer == record:
                order.customer, order.updated_at = None, now()
        self.writes += 1
        return row

    def _write_customer(self, record: str, body: dict[str, Any]) -> None:
        """Saving sets date_modified, also when nothing differs."""
        customer = self.customers[record]
        billing = body.get("billing") or {}
        meta = body.get("meta_data", [])
        if not isinstance(billing, dict):
            raise invalid("billing", "billing is not of type object.", "rest_invalid_type")
        if not isinstance(meta, list):
            raise invalid("meta_data", "meta_data is not of type array.", "rest_invalid_type")
        for names, values in ((BILLING, billing), (FIELDS, body)):
            for name in names.keys() & values.keys():
                setattr(customer, names[name], str(values[name] or ""))
        full = f"{customer.first_name} {customer.last_name}".strip()
        customer.name = full or customer.company
        for entry in meta:
            if entry.get("key") == CONSENT:
                customer.consent_email = str(entry.get("value")) in ("yes", "1", "True")
        rest = [entry for entry in meta if entry.get("key") != CONSENT]
        self.arrive(record, {str(entry.get("key")): entry.get("value") for entry in rest})
        self.meta.write(record, rest, hidden=False)
        customer.updated_at = now()


def _by_id(customer: Customer) -> int:
    return int(customer.record)


SORTS = {
    "name": lambda c: (c.name, int(c.record)),
    "registered_date": lambda c: (c.created_at.timestamp() if c.created_at else 0, int(c.record)),
}
