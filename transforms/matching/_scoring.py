"""Weighs pairs of people, field by field, with what a household shares counted once.

Weights are bits: 10 make it a thousand times likelier that two are one. Fellegi and Sunter add up
the fields' weights as if they were independent; but people of one household have last name,
telephone and address in common, colleagues the company. So these together prove at most that two
belong together, which is what a version's `caps` say; who of them it is, the other fields tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from transforms.matching._fields import FIELDS, RARE, Field, Level

Settings = Mapping[str, Any]
COLUMNS = (
    *(
        "is_company",
        "names",
        "first",
        "middle",
        "last",
        "email",
        "numbers",
        "digits",
        "domain",
        "phone",
    ),
    *("tax", "valid_tax", "born", "road", "house", "postcode", "city", "company"),
)
LEVELS = [f"is_{field.name}" for field in FIELDS]
WEIGHTS = [f"w_{field.name}" for field in FIELDS]
PLACES = [f"w_{field.name}" for field in FIELDS if field.place]
# Of several words on where somebody lives that disagree, one counts: who moved moved once.
PLACE = (
    f"(case when {' + '.join(PLACES)} >= 0 then {' + '.join(PLACES)}"
    f" else least({', '.join(PLACES)}) end)"
)


def _shared_terms() -> list[str]:
    """Weights of what a household or a company has in common."""
    terms = [f"w_{field.name}" for field in FIELDS if field.shared and not field.place]
    for field in FIELDS:
        own = _shared_levels(field)
        terms += [f"(case when is_{field.name} in ({own}) then w_{field.name} else 0 end)"] * bool(
            own
        )
    return [*terms, PLACE]


def _shared_levels(field: Field) -> str:
    """Numbers of the levels that are shared in a field that else is not."""
    levels = enumerate(field.all_levels)
    return ", ".join(str(place) for place, level in levels if level.shared and not field.shared)


def _personal_terms() -> list[str]:
    terms = []
    for field in (field for field in FIELDS if not field.shared):
        others = _shared_levels(field)
        own = f"(case when is_{field.name} in ({others}) then 0 else w_{field.name} end)"
        terms.append(own if others else f"w_{field.name}")
    return terms


PERSONAL = f"({' + '.join(_personal_terms())})"
SHARED = "(" + " + ".join(f"greatest({term}, 0)" for term in _shared_terms()) + ")"
AGAINST = "(" + " + ".join(f"least({term}, 0)" for term in _shared_terms()) + ")"


def weight(settings: Settings) -> str:
    """SQL: how much speaks for two being one, in bits, over what scored() gives."""
    prior = math.log2(settings["prior"] / (1 - settings["prior"]))
    caps = settings["caps"]
    company, person = (f"{caps[kind]!r}::double" for kind in ("company", "person"))
    cap = f"(case when company_l = company_r then {company} else {person} end)"
    return (
        f"(case when is_company_l then {prior!r}::double + {SHARED} + {AGAINST} + {PERSONAL}"
        f" else least({prior!r}::double + {SHARED}, {cap}) + {PERSONAL} + {AGAINST} end)"
    )


def scored(settings: Settings, people: str, pairs: str) -> str:
    """SELECT of `pairs` (l, r) of `people` (see _people.with_shares): what both say as <column>_l
    and <column>_r, of each field the number of its level (is_<field>; null where one says nothing)
    and its weight (w_<field>)."""
    terms = sorted({level.term for field in FIELDS for level in field.levels if level.term})
    said = [f"{side}.{column} as {column}_{side}" for side in "lr" for column in COLUMNS]
    shares = [f"greatest(l.tf_{term}, r.tf_{term}) as tf_{term}" for term in terms]
    levels = [f"{_level(field)} as is_{field.name}" for field in FIELDS]
    weights = [f"{_weight(field, settings)} as w_{field.name}" for field in FIELDS]
    return f"""
        with said as (
            select pairs.l, pairs.r, {", ".join([*said, *shares])}
            from {pairs} as pairs
            inner join {people} as l on pairs.l = l.profile
            inner join {people} as r on pairs.r = r.profile
        ),
        compared as (
            select *, {", ".join(levels)} from said
        )
        select *, {", ".join(weights)} from compared
    """


def _level(field: Field) -> str:
    cases = " ".join(f"when {level.sql} then {place}" for place, level in enumerate(field.levels))
    return f"(case when {field.is_missing} then null {cases} else {len(field.levels)} end)::tinyint"


def _weight(field: Field, settings: Settings) -> str:
    cases = " ".join(
        f"when {place} then {_bits(level, *settings['weights'][field.name][level.label])}"
        for place, level in enumerate(field.all_levels)
    )
    return f"(case is_{field.name} {cases} else 0 end)"


def _bits(level: Level, m: float, u: float) -> str:
    """Of a common value agreeing says less than usual, of a rare one more."""
    if not level.term:
        return f"{math.log2(m / u)!r}::double"
    return f"log2({m!r} / greatest(tf_{level.term}, {u / RARE!r}))"
