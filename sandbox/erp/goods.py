"""Products, invoices and contacts of the ERP, made of its customers and orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.erp import types, wire
from sandbox.erp.records import LOCAL, VAT
from sandbox.records import Customer, Line, Order

if TYPE_CHECKING:
    from sandbox.erp import Erp

Values = dict[str, str | None]
CENT, EIGHT = Decimal("0.01"), Decimal("0.00000001")
DUE = timedelta(days=30)


def catalogue(orders: Iterable[Order], known: dict[str, int]) -> dict[str, Line]:
    """Id -> a line that sold it, of everything that was ever sold; `known` numbers the codes."""
    sold: dict[str, Line] = {}
    for order in orders:
        for line in order.lines:
            number = known.setdefault(line.sku, len(known) + 1)
            sold.setdefault(str(number), line)
    return sold


def thin_product(number: str, line: Line) -> str:
    return wire.item({"id": number, "ref": line.sku, "ref_ext": None})


def product(number: str, line: Line) -> str:
    values: Values = {
        "id": number,
        "ref": line.sku,
        "type": "0",
        "label": line.product,
        "description": "",
        "status_tobuy": "1",
        "status_tosell": "1",
        "country_id": "0",
        "price_net": str((line.unit_price / VAT).quantize(EIGHT)),
        "price": f"{line.unit_price:.8f}",
        "price_base_type": "HT",
        "vat_rate": "20.0000",
        "stock_real": "",
    }
    images = wire.array("images", [], "tns:image")
    return wire.struct("product", "product", values, types.PRODUCT, images)


def invoice(order: Order) -> str:
    values = _invoice(order) | {"thirdparty_id": order.customer, "project_id": ""}
    lines = [wire.item(_line(order, line), 'item xsi:type="tns:line"') for line in order.lines]
    inner = wire.array("lines", lines, "tns:line")
    return wire.struct("invoice", "invoice", values, types.INVOICE, inner)


def bulk_invoice(order: Order) -> str:
    """The same in a list, which does not say whose it is."""
    lines = wire.array("lines", [wire.item(_line(order, line)) for line in order.lines])
    return wire.item(_invoice(order), inner=lines)


def _invoice(order: Order) -> Values:
    net = (order.total / VAT).quantize(CENT)
    day = order.ordered_at.astimezone(LOCAL)
    return {
        "id": order.record,
        "ref": f"IN{day:%y%m}-{order.record.zfill(4)}",
        "ref_ext": "",
        "date": f"{day:%Y-%m-%d}",
        "date_due": f"{day + DUE:%Y-%m-%d}",
        "date_creation": f"{day:%Y-%m-%dT%H:%M:%SZ}",
        "type": "0",
        "total_net": f"{net:.8f}",
        "total_vat": f"{order.total - net:.8f}",
        "total": f"{order.total:.8f}",
        "note_private": "",
        "note_public": "",
        "status": "2" if order.status == "completed" else "1",
        "close_code": "",
        "close_note": "",
    }


def _line(order: Order, line: Line) -> Values:
    net = (line.total / VAT).quantize(CENT)
    return {
        "id": f"{order.record}{line.line:02}",
        "type": "0",
        "desc": line.product,
        "vat_rate": "20.0000",
        "qty": str(line.quantity),
        "unitprice": f"{line.unit_price / VAT:.8f}",
        "total_net": f"{net:.8f}",
        "total_vat": f"{line.total - net:.8f}",
        "total": f"{line.total:.8f}",
        "product_ref": line.sku,
        "product_label": line.product,
    }


def contacts(customer: Customer, shown: Mapping[str, str | None]) -> list[Values]:
    """A company's accounts department; persons have no contacts."""
    if len(customer.tax_number) != 10:
        return []
    return [
        {
            "id": f"{customer.record}1",
            "ref": f"{customer.record}1",
            "lastname": "Muhasebe",
            "firstname": "",
            **{name: shown.get(name) or "" for name in ("address", "zip", "town")},
            **{name: shown.get(name) or "" for name in ("country_code", "country", "email")},
            "socid": customer.record,
            "socname": customer.name,
            "poste": "Muhasebe",
            "phone_pro": shown.get("phone") or "",
            "phone_mobile": "",
            "statut": "1",
        }
    ]


class Goods:
    """The operations on them."""

    def __init__(self, erp: Erp) -> None:
        self.erp = erp
        self.numbers: dict[str, int] = {}  # product code -> id
        self.operations: dict[str, Callable[..., str]] = {
            "getListOfProductsOrServices": self._products,
            "getProductOrService": self._product,
            "getInvoicesForThirdParty": self._invoices_of,
            "getInvoice": self._invoice,
            "getContactsForThirdParty": self._contacts_of,
            "getContact": self._contact,
        }

    def _products(self, filterproduct: Any) -> str:
        sold = catalogue(self.erp.orders.values(), self.numbers)
        return self.erp.array("products", [thin_product(*one) for one in sold.items()])

    def _product(self, id: str, ref: str, ref_ext: str, lang: str) -> str:  # noqa: A002 - as above
        sold = catalogue(self.erp.orders.values(), self.numbers)
        number = id or str(self.numbers.get(ref, ""))
        if number not in sold:
            raise wire.Denial(
                "NOT_FOUND", f"Object not found for id={id} nor ref={ref} nor ref_ext="
            )
        return product(number, sold[number])

    def _invoices_of(self, idthirdparty: str) -> str:
        wanted = [o for o in self.erp.orders.values() if idthirdparty in ("all", o.customer)]
        return self.erp.array("invoices", [bulk_invoice(order) for order in wanted])

    def _invoice(self, id: str, ref: str, ref_ext: str) -> str:  # noqa: A002 - as above
        if id not in self.erp.orders:
            raise wire.Denial(
                "NOT_FOUND", f"Object not found for id={id} nor ref={ref} nor ref_ext="
            )
        return invoice(self.erp.orders[id])

    def _contacts_of(self, idthirdparty: str) -> str:
        customer = self.erp.customers.get(idthirdparty)
        found = contacts(customer, self.erp.thirdparty(customer)) if customer else []
        if not found:  # PHP never made the list
            return wire.nil("Contact", "contacts", "tns:ContactsArray2")
        return self.erp.array("contacts", [wire.item(values) for values in found])

    def _contact(self, id: str, ref_ext: str) -> str:  # noqa: A002 - as above
        for customer in self.erp.customers.values():
            for values in contacts(customer, self.erp.thirdparty(customer)):
                if values["id"] == id:
                    return wire.struct("contact", "contact", values, types.CONTACT)
        raise wire.Denial(
            "NOT_FOUND", f"Object not found for id={id} nor ref= nor ref_ext={ref_ext}"
        )
