"""What a contract says of its tables among each other and in time: relationships, freshness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.model import Column, Freshness, Relationship, Table
from contracts.places import ContractError, Place

HOUR, DAY = 3600, 86400
SECONDS = {
    **dict.fromkeys(("s", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("y", "yr", "year", "years"), 365 * DAY),
}
CHECKED = ("freshness", "latency", "ly")  # ly: the standard's short name of latency


def relationships(
    tables: Sequence[Table], entries: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Relationship, ...]]:
    """Those of each table and of its properties. `entries`: the tables as they are written.

    Raises ContractError where one leads nowhere, or to values that can never be equal.
    """
    known = _Known(tables, entries)
    for table, entry in zip(tables, entries, strict=True):
        yield tuple(_of_table(known, table, entry))


def _of_table(known: _Known, table: Table, entry: Mapping[str, Any]) -> Iterator[Relationship]:
    for number, written in enumerate(entry.get("relationships") or ()):
        place = table.where.at("relationships", number)
        yield known.relationship(place, table, _listed(place, written, "from"), written)
    for column, inside in zip(table.columns, entry.get("properties") or (), strict=True):
        for number, written in enumerate(inside.get("relationships") or ()):
            place = column.where.at("relationships", number)
            if "from" in written:
                raise ContractError(
                    f"{place.at('from')}: a property's relationship starts at the property; "
                    "leave from out, or write it on the table."
                )
            yield known.relationship(place, table, [f"{table.name}.{column.name}"], written)


def _listed(place: Place, written: Mapping[str, Any], key: str) -> list[str]:
    value = written.get(key)
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(v, str) for v in listed):
        raise ContractError(
            f"{place}: {key} is {value!r}; write table.property, or a list of such for a key of "
            "several properties."
        )
    return listed


class _Known:
    """Tables and columns by name, and by the standard's stable ids."""

    def __init__(self, tables: Sequence[Table], entries: Sequence[Mapping[str, Any]]) -> None:
        self.columns: dict[tuple[str, str], tuple[Table, Column]] = {}
        for table, entry in zip(tables, entries, strict=True):
            insides = entry.get("properties") or ()
            for column, inside in zip(table.columns, insides, strict=True):
                for one in (table.name, entry.get("id")):
                    for other in (column.name, inside.get("id")):
                        self.columns.setdefault((str(one), str(other)), (table, column))
        self.valid = ", ".join(table.name for table in tables)

    def relationship(
        self, place: Place, table: Table, start: list[str], written: Mapping[str, Any]
    ) -> Relationship:
        if written.get("type", "foreignKey") != "foreignKey":
            raise ContractError(f"{place.at('type')}: {written['type']!r}; valid: foreignKey.")
        sides = [
            [self.find(place.at(key), reference) for reference in references]
            for key, references in (("from", start), ("to", _listed(place, written, "to")))
        ]
        ours, theirs = sides
        if len(ours) != len(theirs) or len({other.name for other, _ in theirs}) > 1:
            raise ContractError(
                f"{place}: from and to must name as many properties each, and to those of one "
                "table only."
            )
        if any(one.name != table.name for one, _ in ours):
            raise ContractError(f"{place.at('from')}: from must name properties of {table.name}.")
        for (_, one), (other, target) in zip(ours, theirs, strict=True):
            if one.logical != target.logical:
                raise ContractError(
                    f"{place}: {one.name} is {one.logical}, {other.name}.{target.name} is "
                    f"{target.logical}; such values are never equal. Give both one logicalType."
                )
        return Relationship(
            tuple(column.name for _, column in ours),
            theirs[0][0].name,
            tuple(column.name for _, column in theirs),
            place,
        )

    def find(self, place: Place, reference: str) -> tuple[Table, Column]:
        parts = reference.removeprefix("#").strip("/").split("/")
        if len(parts) == 4 and parts[::2] == ["schema", "properties"]:
            pair = (parts[1], parts[3])
        else:
            name, _, column = reference.partition(".")
            pair = (name, column)
        if pair not in self.columns:
            raise ContractError(
                f"{place}: {reference!r} is no property of a table of this contract; write "
                f"table.property with one of the tables {self.valid}."
            )
        return self.columns[pair]


def freshness(
    root: Place, document: Mapping[str, Any], tables: Sequence[Table]
) -> dict[str, list[Freshness]]:
    """Table name -> what slaProperties promise of its age. Other service levels are notes."""
    promised: dict[str, list[Freshness]] = {}
    for number, entry in enumerate(document.get("slaProperties") or ()):
        if str(entry.get("property")).lower() not in CHECKED:
            continue
        place = root.at("slaProperties", number)
        element = str(entry.get("element") or document.get("slaDefaultElement") or "")
        moments = {
            f"{table.name}.{column.name}": (table, column)
            for table in tables
            for column in table.columns
            if column.logical in ("date", "timestamp")
        }
        if element not in moments:
            raise ContractError(
                f"{place}: element is {element!r}; valid are dates and timestamps: "
                f"{', '.join(moments) or 'there are none'}."
            )
        value, unit = entry.get("value"), str(entry.get("unit", ""))
        if isinstance(value, bool) or not isinstance(value, int | float) or unit not in SECONDS:
            raise ContractError(
                f"{place}: {value!r} {unit!r} is no age; write value as a number and unit as one "
                f"of {', '.join(SECONDS)}."
            )
        table, column = moments[element]
        one = Freshness(column.name, int(value * SECONDS[unit]), place)
        promised.setdefault(table.name, []).append(one)
    return promised
