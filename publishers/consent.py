"""The last gate before a marketing value leaves: nothing goes that a customer did not agree to.

It trusts no column of what is given back: who consents is read from the marts, what was said in the
tool since from the tool. Audiences are marketing, but for overdue_payer, a fact of the books.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Protocol

from publishers import Due, Field, Values
from publishers.freshness import stale
from systems import System
from warehouse import Places
from warehouse.serve import served

AUDIENCES = "audiences"
FLAGS = {"may_email": "email", "may_sms": "sms", "may_call": "call"}
NAMES = (AUDIENCES, *FLAGS)
FACTS = frozenset({"overdue_payer"})
CHANNELS = """
    select customers.customer_id, consent_email, consent_sms, consent_call
    from marts.customer_360 as customers
    anti join (select customer_id from marts.invoices where is_overdue) as late
        on customers.customer_id = late.customer_id
    where (consent_email or consent_sms or consent_call)
        and customers.customer_id in (select unnest($1::varchar[]))
"""
Held = Callable[[str], Values]


class Remembered(Protocol):
    """The ledger, as far as it matters here."""

    def held(self, record: str) -> Values: ...

    def holds_any(self, names: Collection[str]) -> bool: ...


@dataclass(frozen=True)
class Gate:
    """`channels`: by which each customer may be addressed; who is not in it, by none. `stale`: why
    nothing of marketing may be added now, though it may be taken away; empty where it may."""

    held: Held
    channels: Mapping[str, Collection[str]] = field(default_factory=dict)
    stale: str = ""

    def hold(self, row: Due, noes: Collection[str] = ()) -> Due:
        """The row as it may leave; its values may be none. `noes`: channels on which the tool
        itself heard a no."""
        if not any(row.values.get(name) or row.current.get(name) for name in NAMES):
            return row
        allowed = {*self.channels.get(row.customer_id, ())} - {*noes}
        held = self.held(row.record)
        values = self._left(row.values, held, allowed)
        # What the gate changed back to what the tool has from us need not be sent.
        changed = {
            name: value
            for name, value in values.items()
            if value == row.values[name] or value != (held.get(name) or None)
        }
        return replace(row, values=changed, current=self._left(row.current, held, allowed))

    def withdrawn(self, rows: Iterable[Due]) -> list[Due]:
        """Of what these records hold from us, what their customers do not agree to any more."""
        found = []
        for row in rows:
            held = self.held(row.record)
            if row.values.keys() & {*NAMES} and any(held.get(name) for name in NAMES):
                left = permitted(held, self.channels.get(row.customer_id, ()))
                gone = {name: value for name, value in left.items() if value != held[name]}
                if gone:  # whole lines have every column, and no news that waits for approval
                    whole = {**dict.fromkeys(row.current), **left}
                    found.append(Due(row.record, row.customer_id, gone, whole))
        return found

    def _left(
        self, wanted: Values, held: Values, allowed: Collection[str]
    ) -> dict[str, str | None]:
        left = permitted(wanted, allowed)
        return _no_more(left, held) if self.stale else left


def gate_of(
    places: Places,
    system: System,
    names: Collection[str],
    customers: Collection[str],
    ledger: Remembered,
) -> Gate:
    """For values of these names of these customers: what is no marketing needs no marts that say
    who consents."""
    if not {*NAMES}.intersection(names) and not system.create:
        return Gate(ledger.held)
    return Gate(ledger.held, channels(places, customers), stale(places, system))


def channels(places: Places, customers: Collection[str]) -> dict[str, frozenset[str]]:
    """Customer -> channels on which they may be addressed; none of those who owe what is late."""
    with served(places) as connection:
        rows = connection.execute(CHANNELS, [[*{*customers}]]).fetchall()
    return {
        customer: frozenset(
            channel for channel, agreed in zip(FLAGS.values(), said, strict=True) if agreed
        )
        for customer, *said in rows
    }


def asked(fields: Mapping[str, Field], system: System, ledger: Remembered) -> dict[str, Field]:
    """Without the audiences where the system does not ask for them and holds none from us."""
    if system.audiences or AUDIENCES not in fields or ledger.holds_any(NAMES):
        return dict(fields)
    return {name: one for name, one in fields.items() if name not in NAMES}


def told_no(module: ModuleType, client: Any, rows: Sequence[Due]) -> Mapping[str, Collection[str]]:
    """Record -> channels on which the tool itself heard a no; asked of who would be marketed to."""
    marketed = [row.record for row in rows if _listed(row.current.get(AUDIENCES)) - FACTS]
    ask = getattr(module, "told_no", None)
    return ask(client, marketed) if ask and marketed else {}


def permitted(values: Values, allowed: Collection[str]) -> dict[str, str | None]:
    """The values without what needs a consent on another channel than these."""
    left = dict(values)
    if AUDIENCES in values:
        left[AUDIENCES] = _written(a for a in _listed(values[AUDIENCES]) if _may_leave(a, allowed))
    for flag, channel in FLAGS.items():
        if values.get(flag) and channel not in allowed:
            left[flag] = "false" if allowed else None
    return left


def _may_leave(audience: str, allowed: Collection[str]) -> bool:
    if audience in FACTS:
        return True
    channel = audience.removeprefix("consented_")
    return channel in allowed if channel != audience else bool(allowed)


def _no_more(values: Values, held: Values) -> dict[str, str | None]:
    """Of marketing, no more than is held."""
    left = dict(values)
    if AUDIENCES in values:
        known = _listed(held.get(AUDIENCES)) | FACTS
        left[AUDIENCES] = _written(_listed(values[AUDIENCES]) & known)
    for flag in FLAGS:
        if values.get(flag) and held.get(flag) != "true":
            left[flag] = held.get(flag)
    return left


def _listed(audiences: str | None) -> frozenset[str]:
    return frozenset(audiences.split(", ")) if audiences else frozenset()


def _written(audiences: Iterable[str]) -> str | None:
    return ", ".join(sorted(audiences)) or None
