"""Splink by itself: its documented models for Febrl's people, and a usual one for customers.

The documented models are those of Splink's example notebooks febrl3 and febrl4: the same columns,
comparisons, blocking rules and training. Their threshold is the best one, which only who knows the
truth can choose.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.labelled import febrl_files, febrl_rows
from sandbox.truth import Found, score

THRESHOLDS = (0.001, 0.01, 0.05, *(n / 10 for n in range(1, 10)), 0.95, 0.99, 0.999, 0.9999)
FEBRL = (
    *("rec_id", "given_name", "surname", "street_number", "address_1", "postcode", "state"),
    *("date_of_birth", "soc_sec_id"),
)


def best(name: str) -> Found:
    """The best pair F1 that any threshold gives."""
    logging.disable(logging.CRITICAL)
    linker = _trained(name)
    predictions = linker.inference.predict(threshold_match_probability=THRESHOLDS[0])
    found = []
    for threshold in THRESHOLDS:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predictions, threshold_match_probability=threshold
        )
        rows = clusters.as_duckdbpyrelation().select("rec_id, cluster_id").fetchall()
        found.append(_scored(dict(rows)))
    return max(found, key=lambda result: result.f1)


def _scored(clusters: Mapping[str, str]) -> Found:
    return score(clusters, {r: r.rpartition("-")[0].removesuffix("-dup") for r in clusters})


def _trained(name: str) -> Any:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    api = DuckDBAPI()
    inputs = [api.register(_arrow(path)) for path in febrl_files(name)]
    is_three = name == "febrl3"
    with_terms = {"term_frequency_adjustments": True}
    names = [cl.NameComparison(column) for column in ("given_name", "surname")]
    born = cl.DateOfBirthComparison(
        "date_of_birth",
        input_is_string=True,
        datetime_format="%Y%m%d",
        **({} if is_three else {"invalid_dates_as_null": True}),
    )
    edits = [2] if is_three else [1, 2]
    postcode = (
        cl.ExactMatch("postcode")
        if is_three
        else cl.DamerauLevenshteinAtThresholds("postcode", [1, 2])
    )
    swapped = "l.given_name = r.surname and l.surname = r.given_name"
    blocks: list[Any] = (
        [block_on(c) for c in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")]
        if is_three
        else [
            block_on("given_name", "surname"),
            swapped,
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ]
    )
    linker = Linker(
        inputs if len(inputs) > 1 else inputs[0],
        SettingsCreator(
            unique_id_column_name="rec_id",
            link_type="dedupe_only" if is_three else "link_only",
            blocking_rules_to_generate_predictions=blocks,
            comparisons=[
                *(names if is_three else (one.configure(**with_terms) for one in names)),
                born,
                cl.DamerauLevenshteinAtThresholds("soc_sec_id", edits),
                cl.ExactMatch("street_number").configure(**with_terms),
                postcode.configure(**with_terms),
            ],
        ),
    )
    sure: list[Any] = [
        block_on("soc_sec_id"),
        block_on("given_name", "surname", "date_of_birth"),
    ]
    if is_three:
        sure.append(f"{swapped} and l.date_of_birth = r.date_of_birth")
    linker.training.estimate_probability_two_random_records_match(
        sure, recall=0.9 if is_three else 0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for column in ("date_of_birth", "postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(column), estimate_without_term_frequencies=not is_three
        )
    return linker


def _arrow(path: Any) -> pa.Table:
    rows = list(febrl_rows(path))
    return pa.table({name: [row[name] or None for row in rows] for name in FEBRL})


def bare(connection: duckdb.DuckDBPyConnection, people: str) -> int:
    """Trains on `people` (the columns of matching.people, `record` unique), predicts and clusters
    with a usual model; gives the number of clusters."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.CRITICAL)
    api = DuckDBAPI(connection=connection, output_schema="memory.bare")
    with_terms = {"term_frequency_adjustments": True}
    linker = Linker(
        api.register(connection.sql(f"from {people}")),
        SettingsCreator(
            unique_id_column_name="record",
            link_type="dedupe_only",
            blocking_rules_to_generate_predictions=[
                block_on("email"),
                block_on("phone"),
                block_on("tax"),
                block_on("born", "last"),
                block_on("born", "first"),
                block_on("road", "house", "city"),
                block_on("first", "last", "postcode"),
            ],
            comparisons=[
                cl.NameComparison("first").configure(**with_terms),
                cl.NameComparison("last").configure(**with_terms),
                cl.DateOfBirthComparison("born", input_is_string=True, datetime_format="%Y%m%d"),
                cl.EmailComparison("email"),
                cl.DamerauLevenshteinAtThresholds("phone", [1]),
                cl.DamerauLevenshteinAtThresholds("tax", [1, 2]),
                cl.JaroWinklerAtThresholds("road", [0.9]),
                cl.ExactMatch("house"),
                cl.ExactMatch("postcode").configure(**with_terms),
                cl.ExactMatch("city").configure(**with_terms),
                cl.JaroWinklerAtThresholds("company", [0.9]),
            ],
        ),
    )
    linker.training.estimate_probability_two_random_records_match(
        [block_on("email"), block_on("tax"), block_on("first", "last", "born")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("email"), block_on("born", "last"), block_on("phone", "first")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True
        )
    predictions = linker.inference.predict(threshold_match_probability=0.9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predictions, threshold_match_probability=0.95
    )
    connection.execute("use warehouse")
    found = connection.execute(
        f"select count(distinct cluster_id) from memory.bare.{clusters.physical_name}"
    ).fetchall()
    return int(found[0][0])
