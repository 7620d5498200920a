"""What a query costs, and the leaky bucket that pays for it.

An object costs 1, a scalar 0, a mutation 10, a connection its page size times one of its nodes,
a list of nodes by id as many as there are ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

MOST = 1000  # points of one query
MUTATION = 10
GUIDE = "https://shopify.dev/api/usage/rate-limits"


class Bucket:
    """Points that come back with time; `clock` in seconds."""

    def __init__(self, size: float, restore: float, clock: Callable[[], float]) -> None:
        self.size, self.restore, self._clock = size, restore, clock
        self._level, self._at = size, clock()

    @property
    def available(self) -> float:
        moment = self._clock()
        self._level = min(self.size, self._level + (moment - self._at) * self.restore)
        self._at = moment
        return self._level

    def spend(self, points: float) -> None:
        self._level = self.available - points

    def report(self, requested: int, actual: int | None) -> dict[str, Any]:
        """extensions.cost of an answer."""
        status = {
            "maximumAvailable": self.size,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore,
        }
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": status,
        }


class Costs:
    """Costs of one operation: as requested, and as it came out with the data it returned."""

    def __init__(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> None:
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._operation, self._variables = operation, variables

    def requested(self) -> int:
        return self._base() + self._wanted(self._operation.selection_set)

    def actual(self, data: Any) -> int:
        return self._base() + (_returned(data, 0) if isinstance(data, dict) else 0)

    def _base(self) -> int:
        if self._operation.operation != OperationType.MUTATION:
            return 0
        return MUTATION * len(list(self._fields(self._operation.selection_set)))

    def _wanted(self, selection: SelectionSetNode) -> int:
        total = 0
        for field in self._fields(selection):
            if field.selection_set is None or field.name.value in ("pageInfo", "userErrors"):
                continue
            size = self._size(field)
            inner = self._wanted(field.selection_set)
            if field.name.value in ("nodes", "edges", "node") and size is None:
                total += inner  # the connection around them was already counted
            elif size is None:
                total += 1 + inner
            else:
                total += size * (1 + inner)
        return total

    def _size(self, field: FieldNode) -> int | None:
        """The page size of a connection, or how many ids are asked for; None for all else."""
        for argument in field.arguments or ():
            if argument.name.value == "ids":
                if isinstance(argument.value, ListValueNode):
                    return len(argument.value.values)
                if isinstance(argument.value, VariableNode):
                    return len(self._variables.get(argument.value.name.value) or ())
            if argument.name.value not in ("first", "last"):
                continue
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return int(self._variables.get(argument.value.name.value) or 0)
        return None

    def _fields(self, selection: SelectionSetNode) -> Iterator[FieldNode]:
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                yield from self._fields(self._fragments[node.name.value].selection_set)
            else:
                yield from self._fields(node.selection_set)


def _returned(value: Any, own: int) -> int:
    """Objects in an answer; the wrappers of a connection cost nothing."""
    if isinstance(value, list):
        return sum(_returned(item, own) for item in value)
    if not isinstance(value, dict):
        return 0
    total = own
    for name, inner in value.items():
        if name in ("pageInfo", "userErrors") or not isinstance(inner, dict | list):
            continue
        total += _returned(inner, 0 if _is_connection(inner) or name == "edges" else 1)
    return total


def _is_connection(value: Any) -> bool:
    return isinstance(value, dict) and ("nodes" in value or "edges" in value)


def throttled() -> dict[str, Any]:
    return {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": GUIDE}}


def too_dear(cost: int) -> dict[str, Any]:
    text = f"Query cost is {cost}, which exceeds the single query max cost limit ({MOST})."
    more = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MOST, "documentation": GUIDE}
    return {"message": text, "extensions": more}
