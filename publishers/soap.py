"""Writes our line into a note of the ERP's customer record.

An update there replaces the whole record, and OK may mean nothing. So: read, change the one
field, write everything, read back. Any other field that came out different is put back.

These systems know no "only if unchanged", so one call reads and the very next one writes. What
somebody saves between those two is lost, and nobody can see it. What they save between our writing
and our reading back looks like our own doing: it is put back, and named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clients import ClientError, Denied, Refused, Unavailable
from clients.soap import Soap, connect
from clients.soap.envelope import walk
from clients.soap.notes import ours, with_ours
from publishers import Due, Field, Outcome, Values

__all__ = ["BATCH", "MODEL", "calls", "connect", "prepare", "read", "send"]

MODEL = "activation.soap_customers"
BATCH = 50  # three calls each
Record = Mapping[str, str]


def prepare(client: Soap, fields: Mapping[str, Field]) -> None:
    """Nothing to create; the record must have the field our line goes into."""
    rule = _rule(client)
    members = client.members(rule["write"]["operation"], rule["write"]["argument"])
    if rule["field"] not in members:
        raise Refused(
            client.name,
            f"{rule['write']['operation']} takes no {rule['field']}; it takes {', '.join(members)}",
            "Correct write_back.field in its settings.",
        )


def send(client: Soap, rows: list[Due]) -> list[Outcome]:
    return [_sent(client, row) for row in rows]


def read(client: Soap, records: Sequence[str], names: Sequence[str]) -> dict[str, Values]:
    """A record the system refuses is left out: it has no other word for one it does not have."""
    found: dict[str, Values] = {}
    for record in records:
        try:
            held = ours(_record(client, record).get(_rule(client)["field"]) or "")
        except Refused:
            continue
        found[record] = {name: held.get(name) for name in names}
    return found


def calls(rows: Sequence[Due]) -> int:
    return len(rows)


def _sent(client: Soap, row: Due) -> Outcome:
    """Denied is raised: no other row would fare better."""
    try:
        refusal = _write(client, row)
    except Denied:
        raise
    except Refused as error:
        return Outcome(row.record, "refused", error.cause)
    except ClientError as error:
        return Outcome(row.record, "retry", error.cause)
    return Outcome(row.record, "refused" if refusal else "accepted", refusal)


def _write(client: Soap, row: Due) -> str:
    """Why it was not kept; empty when it was."""
    field = _rule(client)["field"]
    before = _record(client, row.record)
    _hold_whole(client, before)
    text = before.get(field) or ""
    line = _values(text, row.values)
    wanted = {**before, field: with_ours(text, line)}
    if wanted[field] == text:
        return ""
    _replace(client, wanted)
    after = _record(client, row.record)
    changed = _differing(client, wanted, after)
    if changed == [field] and ours(after.get(field) or "") != line:
        return f"the system answered OK and did not keep {field}"
    if changed in ([], [field]):  # somebody wrote around our line since
        return ""
    return _put_back(client, row.record, before, after, changed)


def _put_back(
    client: Soap, record: str, before: Record, after: Record, changed: Sequence[str]
) -> str:
    """What became of a record of which our update changed other fields, too. Who saves it at this
    moment keeps what they saved, in these fields as well."""
    names = ", ".join(changed)
    now = _record(client, record)
    if _differing(client, after, now):
        return (
            f"the update also changed {names}, and somebody saved the record in the meantime: "
            "it was left as it is. Look at these fields there."
        )
    field = _rule(client)["field"]
    back = {name: before.get(name) or "" for name in {*changed, field}}
    _replace(client, {**now, **back})
    left = _differing(client, {**now, **back}, _record(client, record))
    if left:
        return f"the update also changed {names}, and {', '.join(left)} could not be put back"
    return f"the update also changed {names}; the record was put back as it was"


def _values(text: str, changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our line's values with the changes on top; what would break the line is replaced."""
    values: dict[str, str | None] = {**ours(text), **changes}
    return {
        name: " ".join(value.replace(";", ",").split())
        for name, value in values.items()
        if value is not None
    }


def _record(client: Soap, record: str) -> dict[str, str]:
    rule = _rule(client)["read"]
    arguments = {n: v.replace("{record}", record) for n, v in rule["arguments"].items()}
    found = walk(client.read(rule["operation"], arguments), rule["row"])
    if not isinstance(found, dict):
        raise Unavailable(
            client.name, f"{rule['operation']} answered OK and no {rule['row']}", "Read it again."
        )
    return found


def _replace(client: Soap, record: Record) -> None:
    """Sends all there is: a member left out would be blanked. One that has no value goes as an
    empty text where it is a text, else not at all: nothing is no number, and no `false`."""
    rule = _rule(client)
    write = rule["write"]
    sent = {
        name: record.get(name) or ""
        for name, is_text in client.members(write["operation"], write["argument"]).items()
        if name not in rule["volatile"] and (is_text or record.get(name))
    }
    client.call(write["operation"], {write["argument"]: sent})


def _hold_whole(client: Soap, record: Record) -> None:
    """Raises Refused where the record shows something that the update does not take."""
    rule = _rule(client)
    write = rule["write"]
    known = {*client.members(write["operation"], write["argument"]), *rule["volatile"]}
    if homeless := sorted(name for name, value in record.items() if value and name not in known):
        raise Refused(
            client.name,
            f"{write['operation']} takes no {', '.join(homeless)}, which the record has: an update "
            "might blank what it is not told",
            "Nothing was written. If the system keeps these fields itself, name them in "
            "write_back.volatile.",
        )


def _differing(client: Soap, wanted: Record, found: Record) -> list[str]:
    names = (wanted.keys() | found.keys()) - set(_rule(client)["volatile"])
    return sorted(name for name in names if (wanted.get(name) or "") != (found.get(name) or ""))


def _rule(client: Soap) -> Mapping[str, Any]:
    rule = client.settings.get("write_back")
    if not rule:
        raise Refused(
            client.name,
            "its settings do not say how to write back",
            "Add write_back (read, write, field, volatile), or publish = false.",
        )
    return rule  # type: ignore[no-any-return]  # settings are whatever the TOML holds
