"""What two people are compared by, level by level, and what each level is worth before any data
taught better.

A field's levels are tried in order; the first that holds counts. `m` is the share of pairs of one
person's records that are at the level, `u` that of strangers' pairs: their ratio is the level's
weight, in bits. Both were learnt from the company in a box and rounded; data replaces them as far
as there is any. Each level is SQL over `<column>_l` and `<column>_r` of matching.people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from transforms.matching._phrases import (
    SAME_DIGITS,
    SWAPPED,
    SWAPPED_DAY,
    TOWN,
    alike,
    among,
    mistyped,
    same,
    slip,
)

ELSE = "different"
Worth = Mapping[str, tuple[float, float]]  # of a field's levels, by label: m, u
RARE = 16.0  # a rare value counts at most so many times more than a usual one


@dataclass(frozen=True)
class Level:
    """`term`: the column whose share of people says how much agreeing by chance is worth.
    `exact`: columns whose equality the level is, and nothing else. `shared`: people of one
    household or company have it in common; None: as its field."""

    label: str
    sql: str
    m: float
    u: float
    term: str | None = None
    exact: tuple[str, ...] = ()
    shared: bool | None = None


@dataclass(frozen=True)
class Field:
    """`shared`: people of one household or company have it in common, so that all of these
    together prove no more than that. `place`: of several that disagree, one counts."""

    name: str
    columns: tuple[str, ...]
    levels: tuple[Level, ...]
    different: tuple[float, float]  # m, u
    shared: bool = False
    place: bool = False
    missing: str = ""

    @property
    def all_levels(self) -> tuple[Level, ...]:
        return (*self.levels, Level(ELSE, ELSE, *self.different))

    @property
    def is_missing(self) -> str:
        return self.missing or " or ".join(
            f"{column}_l is null or {column}_r is null" for column in self.columns
        )


FIELDS: tuple[Field, ...] = (
    Field(
        "first",
        ("first",),
        (
            Level("same", same("first"), 0.87, 0.0075, "first", ("first",)),
            Level("swapped with the last", SWAPPED, 0.03, 1e-5),
            Level("among the names", among("first", "last"), 0.015, 0.0012),
            Level("slip", f"{alike('first', 0.92)} or {mistyped('first')}", 0.05, 0.0012),
            Level("near", alike("first", 0.8), 0.01, 0.006),
            Level("same initial", "left(first_l, 1) = left(first_r, 1)", 0.005, 0.05),
        ),
        (0.01, 0.93),
    ),
    Field(
        "middle",
        ("middle",),
        (Level("same", same("middle"), 0.95, 0.055, "middle", ("middle",)),),
        (0.05, 0.945),
        missing="middle_l is null or middle_r is null or first_l <> first_r",
    ),
    Field(
        "last",
        ("last",),
        (
            Level("same", same("last"), 0.84, 0.0096, "last", ("last",)),
            Level("swapped with the first", SWAPPED, 0.03, 1e-5),
            Level(
                "among the names",
                "list_contains(names_r, last_l) or list_contains(names_l, last_r)",
                0.02,
                0.0023,
            ),
            Level("slip", f"{alike('last', 0.92)} or {mistyped('last')}", 0.055, 0.0016),
            Level("near", alike("last", 0.8), 0.01, 0.006),
        ),
        (0.045, 0.98),
        shared=True,
    ),
    Field(
        "email",
        ("email",),
        (
            Level("same", same("email"), 0.72, 2e-5, exact=("email",)),
            Level(
                "slip",
                f"case when {SAME_DIGITS} then {slip('email', 2)} else false end",
                0.04,
                1e-6,
            ),
            Level("same digits", same("digits"), 0.1, 5e-4, "digits", ("digits",)),
            Level("same domain", same("domain"), 0.06, 0.15, "domain", shared=True),
        ),
        (0.08, 0.85),
    ),
    Field(
        "phone",
        ("phone",),
        (
            Level("same", same("phone"), 0.79, 3e-5, exact=("phone",)),
            Level("slip", slip("phone"), 0.01, 1e-6),
        ),
        (0.2, 1.0),
        shared=True,
    ),
    Field(
        "tax",
        ("tax",),
        (
            Level("same", same("tax"), 0.93, 1e-5, exact=("tax",)),
            Level("slip", slip("tax"), 0.03, 1e-5),
            Level("two slips", slip("tax", 2), 0.01, 1e-4),
        ),
        (0.03, 1.0),
    ),
    Field(
        "born",
        ("born",),
        (
            Level("same", same("born"), 0.96, 5e-5, exact=("born",)),
            Level("slip", f"{slip('born')} or {SWAPPED_DAY}", 0.02, 0.0015),
            Level("two slips", slip("born", 2), 0.003, 0.016),
            Level("same year", "left(born_l, 4) = left(born_r, 4)", 0.003, 0.0097),
        ),
        (0.014, 0.97),
    ),
    Field(
        "address",
        ("road", "house"),
        (
            Level("same", f"{same('road')} and {same('house')} and {TOWN}", 0.72, 5e-5),
            Level(
                "alike",
                f"{alike('road', 0.88)} and {same('house')} and {TOWN}",
                0.01,
                1e-4,
            ),
            Level("same road", same("road"), 0.005, 0.002, "road", ("road",)),
            Level("road alike", alike("road", 0.88), 0.007, 0.022),
            Level("same number", same("house"), 0.005, 0.005, "house", ("house",)),
        ),
        (0.253, 0.97),
        shared=True,
        place=True,
        missing="(road_l is null or road_r is null) and (house_l is null or house_r is null)",
    ),
    Field(
        "postcode",
        ("postcode",),
        (
            Level("same", same("postcode"), 0.73, 1e-4, "postcode", ("postcode",)),
            Level("slip", slip("postcode"), 0.005, 0.0015),
            Level("same region", "left(postcode_l, 2) = left(postcode_r, 2)", 0.015, 0.044),
        ),
        (0.25, 0.955),
        shared=True,
        place=True,
    ),
    Field(
        "city",
        ("city",),
        (
            Level("same", same("city"), 0.75, 0.045, "city", ("city",)),
            Level("alike", alike("city", 0.9), 0.005, 0.001),
        ),
        (0.245, 0.954),
        shared=True,
        place=True,
    ),
    Field(
        "company",
        ("company",),
        (
            Level("same", same("company"), 0.86, 0.001, "company", ("company",)),
            Level("alike", alike("company", 0.92), 0.11, 4e-4),
            Level(
                "one begins with the other",
                "starts_with(company_l, company_r) or starts_with(company_r, company_l)",
                0.01,
                1e-4,
            ),
            Level("near", alike("company", 0.8), 0.015, 0.009),
        ),
        (0.005, 0.99),
        shared=True,
    ),
)
COMMON = ("first", "middle", "last", "digits", "domain", "company", "road", "house", "postcode")
TERMS = (*COMMON, "city", "born")  # columns whose common values' shares are kept


def comparisons(
    weights: Mapping[str, Worth], names: Iterable[str], *, by_shares: bool = True
) -> list[dict[str, Any]]:
    """Splink's comparisons of the named fields. `by_shares`: agreeing on a rare value says more."""
    fields = [field for field in FIELDS if field.name in {*names}]
    return [_comparison(field, weights[field.name], by_shares) for field in fields]


def _comparison(field: Field, weights: Worth, by_shares: bool) -> dict[str, Any]:
    missing = {"sql_condition": field.is_missing, "is_null_level": True}
    return {
        "output_column_name": field.name,
        "comparison_levels": [
            missing,
            *(_level(level, *weights[level.label], by_shares) for level in field.all_levels),
        ],
    }


def _level(level: Level, m: float, u: float, by_shares: bool) -> dict[str, Any]:
    found = {
        "sql_condition": level.sql if level.label != ELSE else "ELSE",
        "label_for_charts": level.label,
        "m_probability": m,
        "u_probability": u,
    }
    if level.term and by_shares:
        found |= {
            "tf_adjustment_column": level.term,
            "tf_adjustment_weight": 1.0,
            "tf_minimum_u_value": u / RARE,
            "disable_tf_exact_match_detection": True,
        }
    return found


def shipped() -> dict[str, dict[str, tuple[float, float]]]:
    """Of no data."""
    return {f.name: {level.label: (level.m, level.u) for level in f.all_levels} for f in FIELDS}
