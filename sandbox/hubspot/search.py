"""POST .../search: filters, one sort, pages by offset, and never past 10,000 results."""

from __future__ import annotations

import re
from typing import Any

from sandbox.hubspot.objects import Objects
from sandbox.hubspot.problems import invalid
from sandbox.hubspot.schema import instant_or_number
from sandbox.web import now

CAP = 10_000
MOST = 200
GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18
COMPARE = {
    "EQ": lambda have, want: have == want,
    "NEQ": lambda have, want: have != want,
    "LT": lambda have, want: have < want,
    "LTE": lambda have, want: have <= want,
    "GT": lambda have, want: have > want,
    "GTE": lambda have, want: have >= want,
}
PRESENCE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
TOKENS = ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")
LISTS = ("IN", "NOT_IN")


def search(store: Objects, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    limit, after = _number(body, "limit", 10), _number(body, "after", 0)
    if not 0 <= limit <= MOST:
        raise invalid(f"limit must be at most {MOST}")
    if after + limit > CAP:
        raise invalid(f"The maximum offset of a search is {CAP}: after {after} is beyond it")
    found = [str(number) for number in store.after(kind, -1)]
    if store.lag:
        found = [r for r in found if store.held(kind)[r].updated_at <= now() - store.lag]
    found = _filtered(store, kind, found, body.get("filterGroups") or [])
    if body.get("query"):
        words = str(body["query"]).lower()
        found = [r for r in found if words in _searchable(store, kind, r)]
    found = _sorted(store, kind, found, body.get("sorts") or [])
    shown = store.shortened(found[after : after + limit])
    rows = [store.row(kind, record, body.get("properties") or ()) for record in shown]
    answer: dict[str, Any] = {"total": len(found), "results": rows}
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return answer


def _number(body: dict[str, Any], name: str, default: int) -> int:
    text = str(body.get(name) or default)
    if not text.isdigit():
        raise invalid(f"{name} must be an integer, not {text}")
    return int(text)


def _filtered(
    store: Objects, kind: str, records: list[str], groups: list[dict[str, Any]]
) -> list[str]:
    """Groups are alternatives, the filters of a group must all hold."""
    sizes = [len(group.get("filters", [])) for group in groups]
    if len(groups) > GROUPS or any(size > FILTERS for size in sizes) or sum(sizes) > ALL_FILTERS:
        raise invalid(f"At most {GROUPS} groups of {FILTERS} filters, {ALL_FILTERS} in all")
    if not groups:
        return records
    tests = [[Test(store, kind, rule) for rule in group.get("filters", [])] for group in groups]
    return [r for r in records if any(all(t.holds(r) for t in group) for group in tests)]


class Test:
    """One filter, its values parsed once for all records."""

    def __init__(self, store: Objects, kind: str, rule: dict[str, Any]) -> None:
        self._store, self._kind = store, kind
        self.name, self.operator = str(rule.get("propertyName")), rule.get("operator")
        self._type = store.schemas[kind].type_of(self.name)
        known = (*COMPARE, *PRESENCE, *TOKENS, *LISTS, "BETWEEN")
        if self.operator not in known:
            raise invalid(f"operator {self.operator} is not one of {', '.join(known)}")
        if self.operator in LISTS:
            self._wanted = [self._parsed(text) for text in rule.get("values") or []]
        elif self.operator == "BETWEEN":
            self._wanted = [self._parsed(rule.get("value")), self._parsed(rule.get("highValue"))]
        elif self.operator not in PRESENCE:
            self._wanted = [self._parsed(rule.get("value"))]

    def holds(self, record: str) -> bool:
        text = self._store.value(self._kind, record, self.name)
        if self.operator in PRESENCE:
            return bool(text) == (self.operator == "HAS_PROPERTY")
        if not text:
            return False
        if self.operator in TOKENS:
            pattern = re.escape(str(self._wanted[0])).replace(r"\*", ".*")
            found = any(re.fullmatch(pattern, word) for word in re.split(r"[\s@]+", text.lower()))
            return found == (self.operator == "CONTAINS_TOKEN")
        have = instant_or_number(self._type, text)
        if self.operator in LISTS:
            return (have in self._wanted) == (self.operator == "IN")
        if self.operator == "BETWEEN":
            low, high = self._wanted
            return bool(low <= have <= high)
        return bool(COMPARE[self.operator](have, self._wanted[0]))

    def _parsed(self, text: Any) -> Any:
        parsed = None if text is None else instant_or_number(self._type, str(text))
        if parsed is None:
            raise invalid(f"{text!r} is not a valid value to compare {self.name} with")
        return parsed


def _sorted(store: Objects, kind: str, records: list[str], sorts: list[Any]) -> list[str]:
    """Without a sort HubSpot gives the oldest first; records without a value come last."""
    if len(sorts) > 1:
        raise invalid("Only one sort is supported")
    rule = sorts[0] if sorts else {"propertyName": "createdate"}
    name = rule if isinstance(rule, str) else rule.get("propertyName")
    backwards = not isinstance(rule, str) and rule.get("direction") == "DESCENDING"
    type_ = store.schemas[kind].type_of(str(name))
    keyed = [(store.value(kind, record, str(name)), record) for record in records]
    have = [(instant_or_number(type_, text), int(record)) for text, record in keyed if text]
    have.sort(reverse=backwards)
    return [str(r) for _, r in have] + [record for text, record in keyed if not text]


def _searchable(store: Objects, kind: str, record: str) -> str:
    names = ("email", "firstname", "lastname", "phone", "company")
    names = names if kind == "contacts" else tuple(store.schemas[kind].properties)
    return " ".join(store.value(kind, record, name) for name in names).lower()
