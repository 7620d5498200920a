"""Learns from the people themselves, without labels, what each agreement of two of them is worth.

Splink estimates: what strangers have in common from random pairs, what one person's records have
in common by expectation maximisation within blocks. As far as there is little to learn from, what
is shipped counts (`_fields.py`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from transforms.matching import _fields
from transforms.matching._counting import (
    SCRATCH,
    agreement,
    common_terms,
    filled_share,
    is_filled,
    one,
    pairs_of,
    shared_values,
    table,
)
from transforms.matching._fields import ELSE, FIELDS, Field
from transforms.matching._people import profiles, with_shares
from transforms.matching._scoring import PERSONAL, SHARED, scored
from warehouse import Database

Weights = dict[str, dict[str, tuple[float, float]]]
LITTLE = 100  # people: from fewer nothing is learnt
UNKNOWN = 1_000  # people that two are held to be of, where it cannot be learnt
SEED = 1
PAIRS = 2.5e5  # of strangers that are looked at
FEW = 200  # pairs in a block that nothing can be learnt from
MANY = 20  # pairs of a block a person: hardly any would be of one person
BELIEF_M, BELIEF_U = 50, 20_000  # pairs that what is shipped counts as
LEAST_M, LEAST_U = 0.002, 1e-8
EXPECTED_RECALL = 0.7  # of sure rules
# In such blocks people may, but need not be the same.
BLOCKS = (("email",), ("tax",), ("born",), ("first", "last"))
SURE = (("email",), ("tax",), ("born", "first", "last"), ("phone", "first"))
SAMPLE = 200_000  # pairs of people who share a telephone or an address
STRONG = 15.0  # bits of what a household shares that leave no doubt about it
CLEAR = 3.0  # bits of the rest that leave none who it is


@dataclass
class Learnt:
    """`settings`: what is written down, JSON. `terms`: field, value, share. `shared`: type, value,
    number of differently named people."""

    settings: dict[str, Any]
    terms: list[tuple[str, str, float]]
    shared: list[tuple[str, str, int]]


def learn(connection: Database) -> Learnt:
    """From matching.people."""
    with _scratch(connection):
        shared = shared_values(connection)
        table(connection, "plain", profiles(f"{SCRATCH}.shared"))
        count = one(connection, f"select count(*) from {SCRATCH}.plain")
        terms = common_terms(connection)
        fields = [f.name for f in FIELDS if is_filled(connection, f.columns[0], count)]
        weights, prior = _fields.shipped(), 1 / max(count, UNKNOWN)
        if count >= LITTLE:
            weights, prior = _estimate(connection, fields, count)
        settings = {
            "people": count,
            "prior": prior,
            "weights": weights,
            "caps": {"person": _odds(10, 1), "company": _odds(1, 1)},
        }
        if count >= LITTLE:
            settings["caps"] = _caps(connection, settings)
    return Learnt(settings, terms, shared)


def _odds(same: float, other: float) -> float:
    """Bits."""
    return math.log2(same / other)


@contextmanager
def _scratch(connection: Database) -> Iterator[None]:
    connection.execute(f"create or replace schema {SCRATCH}")
    try:
        yield
    finally:
        connection.execute(f"drop schema {SCRATCH} cascade")


@contextmanager
def _beside(connection: Database) -> Iterator[None]:
    """Splink makes its tables in the schema in use, and tells at length what it does."""
    current = one(connection, "select current_catalog() || '.' || current_schema()")
    log = logging.getLogger("splink")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
        connection.execute(f"use {current}")


def _estimate(connection: Database, fields: list[str], count: int) -> tuple[Weights, float]:
    """m and u of every level, and the probability that two people are one."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    weights = _fields.shipped()
    with _beside(connection):
        api = DuckDBAPI(connection=connection, output_schema=SCRATCH)
        people = api.register(connection.sql(f"from {SCRATCH}.plain"))

        def linker() -> Any:
            return Linker(
                people,
                SettingsCreator(
                    link_type="dedupe_only",
                    unique_id_column_name="profile",
                    comparisons=_fields.comparisons(weights, fields, by_shares=False),
                    probability_two_random_records_match=1 / count,
                    max_iterations=50,
                ),
                log_level=None,
            )

        first = linker()
        filled = set(fields)
        sure = [block_on(*rule) for rule in SURE if _columns_filled(rule, filled)]
        prior = 1 / count
        if sure:
            first.training.estimate_probability_two_random_records_match(
                sure, recall=EXPECTED_RECALL
            )
            prior = _saved(first)["probability_two_random_records_match"]
        prior = min(max(prior, 0.01 / count), 0.01)
        first.training.estimate_u_using_random_sampling(
            max_pairs=PAIRS, seed=SEED, min_count_per_level=None, num_chunks=1
        )
        _blend_u(connection, weights, _levels(_saved(first)), fields, count)
        rules = [r for r in BLOCKS if _columns_filled(r, filled)]
        rules = [r for r in rules if FEW <= pairs_of(connection, r) <= MANY * count]
        rules = [r for r in rules if any(_is_free(f, r) for f in FIELDS if f.name in fields)]
        if rules:
            second = linker()
            for rule in rules:
                second.training.estimate_parameters_using_expectation_maximisation(
                    block_on(*rule),
                    estimate_without_term_frequencies=True,
                    max_pairs=PAIRS,
                    fix_u_probabilities=True,
                )
            _blend_m(connection, weights, _levels(_saved(second)), fields, rules)
    for of_field in weights.values():
        for label, (m, u) in of_field.items():
            m = max(m, LEAST_M)
            of_field[label] = (m, max(u - prior * m, u / 20, LEAST_U))
    return weights, prior


def _saved(linker: Any) -> dict[str, Any]:
    return dict(linker.misc.save_model_to_json())


def _levels(saved: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        comparison["output_column_name"]: {
            level["label_for_charts"]: level
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        }
        for comparison in saved["comparisons"]
    }


def _is_free(field: Field, rule: tuple[str, ...]) -> bool:
    """Whether a block says something of the field: not all in it agree on it."""
    used = " ".join((field.is_missing, *(level.sql for level in field.levels)))
    return not any(f"{column}_l" in used for column in rule)


def _columns_filled(rule: tuple[str, ...], filled: set[str]) -> bool:
    return all(column in filled for column in rule)


def _blend_u(
    connection: Database,
    weights: Weights,
    sampled: Mapping[str, Mapping[str, Mapping[str, Any]]],
    fields: list[str],
    count: int,
) -> None:
    """Equality is counted; what is similar was sampled."""
    for field in FIELDS:
        if field.name not in fields:
            continue
        share = filled_share(connection, field.columns[0]) ** 2
        for level in field.levels:
            m, shipped = weights[field.name][level.label]
            if level.exact:
                u, seen = agreement(connection, level.exact[0], field.columns[0])
            else:
                seen = min(PAIRS, count * (count - 1) / 2) * share
                found = sampled[field.name][level.label].get("u_probability")
                u = found if isinstance(found, float) and found != shipped else 0.5 / (seen + 1)
            weights[field.name][level.label] = (
                m,
                (u * seen + shipped * BELIEF_U) / (seen + BELIEF_U),
            )
        m, _ = weights[field.name][ELSE]
        rest = 1 - sum(weights[field.name][level.label][1] for level in field.levels)
        weights[field.name][ELSE] = (m, max(rest, 0.01))


def _blend_m(
    connection: Database,
    weights: Weights,
    trained: Mapping[str, Mapping[str, Mapping[str, Any]]],
    fields: list[str],
    rules: list[tuple[str, ...]],
) -> None:
    for field in FIELDS:
        free = [rule for rule in rules if _is_free(field, rule)]
        if field.name not in fields or not free:
            continue
        share = filled_share(connection, field.columns[0]) ** 2
        seen = max(pairs_of(connection, rule) for rule in free) * share
        found = {
            level.label: trained[field.name][level.label].get("m_probability")
            for level in field.all_levels
        }
        known = {label: m if isinstance(m, float) else 0.0 for label, m in found.items()}
        total = sum(known.values()) or 1.0
        for label, m in known.items():
            shipped, u = weights[field.name][label]
            blended = (m / total * seen + shipped * BELIEF_M) / (seen + BELIEF_M)
            weights[field.name][label] = (blended, u)


def _caps(connection: Database, settings: Mapping[str, Any]) -> dict[str, float]:
    """How much all that a household (a company) shares can prove: bits, from how many of those who
    share it are clearly one person and how many clearly are not."""
    table(
        connection,
        "pairs",
        f"""with keys as (
                select profile, hash(1, phone) as key from {SCRATCH}.plain
                where phone is not null and not is_company
                union all
                select profile, hash(2, road, house, city) from {SCRATCH}.plain
                where road is not null and house is not null and not is_company
                union all
                select profile, hash(3, road, house, postcode) from {SCRATCH}.plain
                where road is not null and house is not null and postcode is not null
                    and not is_company
            ),
            few as (select key from keys group by key having count(*) between 2 and 30)
            select distinct least(a.profile, b.profile) as l, greatest(a.profile, b.profile) as r
            from keys as a semi join few using (key)
            inner join keys as b on a.key = b.key and a.profile < b.profile
            order by hash(l, r) limit {SAMPLE}""",
    )
    theirs = f"(select l as profile from {SCRATCH}.pairs union select r from {SCRATCH}.pairs)"
    paired = f"(from {SCRATCH}.plain semi join {theirs} using (profile))"
    shares = with_shares(paired, f"{SCRATCH}.terms", settings["people"])
    table(connection, "people", shares)
    found = connection.execute(
        f"""select company_l = company_r as is_company,
                count(*) filter (where {PERSONAL} > {CLEAR}),
                count(*) filter (where {PERSONAL} < -{CLEAR})
            from ({scored(settings, f"{SCRATCH}.people", f"{SCRATCH}.pairs")})
            where {SHARED} > {STRONG}
            group by all"""
    ).fetchall()
    counts = {True: (0, 0), False: (0, 0)}
    for is_company, same, other in found:
        kind = bool(is_company)
        counts[kind] = (counts[kind][0] + same, counts[kind][1] + other)
    return {
        name: _odds(counts[kind][0] + 10, counts[kind][1] + 1)
        for name, kind in (("person", False), ("company", True))
    }
