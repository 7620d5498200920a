"""What the ERP shows of our neutral records: Dolibarr's members, codes and labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from sandbox.erp import types, wire
from sandbox.records import Customer, Line, Order

LOCAL = timezone(timedelta(hours=3))  # Istanbul; the ERP labels some local times as UTC
VAT = Decimal("1.2")
STATUSES = {"completed": "3", "processing": "1", "cancelled": "-1"}
# thirdparty member -> our record's attribute, where there is one
MEMBERS = {
    "ref": "name",
    "email": "email",
    "phone": "phone",
    "profid1": "tax_number",
    "address": "address",
    "zip": "postcode",
    "town": "city",
}


def _labelled(moment: datetime | None, zone: timezone) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def thirdparty(customer: Customer) -> dict[str, str | None]:
    """A customer nobody has written to. Never changed: no modification date, as the real one."""
    company = len(customer.tax_number) == 10
    untouched = customer.updated_at == customer.created_at
    return {
        "id": customer.record,
        "status": "1",
        "client": "1",
        "supplier": "0",
        "customer_code": f"CU{customer.record.zfill(9)}",
        "date_creation": _labelled(customer.created_at, LOCAL),
        "date_modification": "" if untouched else _labelled(customer.updated_at, UTC),
        "country_id": "221",
        "country_code": "TR",
        "country": "Turkey",
        **{f"profid{number}": "" for number in range(2, 7)},
        "vat_used": "1" if company else "0",
        "vat_number": f"TR{customer.tax_number}" if company else "",
        **{member: getattr(customer, name) for member, name in MEMBERS.items()},
        "phone": phone(customer.phone),
    }


def phone(typed: str) -> str:
    """The ERP keeps no blanks and dots in telephone numbers."""
    return typed.translate(str.maketrans("", "", " .\t\n"))


def single_order(order: Order) -> str:
    values = _order(order) | {"thirdparty_id": order.customer, "date_livraison": ""}
    lines = [_line(order, line, single=True) for line in order.lines]
    return wire.struct("order", "order", values, types.ORDER, wire.array("lines", lines))


def _order(order: Order) -> dict[str, str | None]:
    net = (order.total / VAT).quantize(Decimal("0.00000001"))
    return {
        "id": order.record,
        "ref": f"SO{order.ordered_at:%y%m}-{order.record.zfill(4)}",
        "status": STATUSES[order.status],
        "total_net": str(net),
        "total_vat": str(order.total - net),
        "total_localtax1": "0.00000000",
        "total_localtax2": "0.00000000",
        "total": f"{order.total:.8f}",
        "date": order.ordered_at.astimezone(LOCAL).strftime("%Y-%m-%d"),
        "billed": "0",
        "note_private": "",
        "note_public": "",
    }


def bulk_order(order: Order) -> str:
    """The same order in a list: other names, all strings, nil where there is nothing."""
    absent = "ref_client project_id source cond_reglement_id cond_reglement_code demand_reason_id"
    values = _order(order) | dict.fromkeys(absent.split()) | {"socid": order.customer}
    lines = wire.array(
        "lines", [_line(order, line) for line in order.lines], "unnamed_struct_use_soapval"
    )
    return wire.item(values | {"date_livraison": ""}, inner=lines)


def _line(order: Order, line: Line, single: bool = False) -> str:
    values = {
        "id": f"{order.record}{line.line:02}",
        "type": None if single else "0",
        "fk_commande": order.record,
        "desc": line.product,
        "qty": str(line.quantity),
        "price": None,
        "unitprice": f"{line.unit_price / VAT:.8f}",
        "vat_rate" if single else "tva_tx": "20.0000",
        "total": f"{line.total:.8f}",
        "product_ref": line.sku,
        "product_label": line.product,
    }
    return wire.item(values, 'item xsi:type="xsd:"' if single else "item")
