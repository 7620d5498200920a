"""Runs a contract's row rules through Great Expectations.

Great Expectations is imported inside functions: it takes 7 to 10 seconds, and DAG files read
contracts while they are parsed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.rules import Rule

QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


@dataclass(frozen=True)
class Result:
    """What Great Expectations counted for one rule."""

    rule: str
    severity: str
    failed: int


class BrokenGate(Exception):
    """An expectation raised: the gate is broken, which says nothing about the data."""


def validate(
    query: str, rules: Sequence[Rule], *, name: str, docs: Path | None = None
) -> list[Result]:
    """One Result per row rule, over the rows that the query reads from files.

    `docs`: folder for the Data Docs; None builds none. Raises BrokenGate naming the rule when an
    expectation could not be evaluated.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from sqlalchemy.dialects import registry

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    registry.register("duckdb.readonly", "contracts.dialect", "ReadOnly")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        name=name, connection_string="duckdb+readonly:///:memory:"
    )
    batch = source.add_query_asset(name, query=query).add_batch_definition_whole_table(name)
    suite = context.suites.add(
        gx.ExpectationSuite(name=name, expectations=[_expectation(rule) for rule in rules])
    )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=suite)
    )
    results = [_result(found) for found in definition.run().results]
    if docs:
        _build_docs(context, docs)
    return results


def _expectation(rule: Rule) -> Any:
    from great_expectations.expectations.core.unexpected_rows_expectation import (
        UnexpectedRowsExpectation,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    predicate = QUOTED.sub(_colons, rule.sql).replace("{", "{{").replace("}", "}}")
    return UnexpectedRowsExpectation(
        unexpected_rows_query=f"select * from {{batch}} where not coalesce(({predicate}), false)",
        severity=FailureSeverity.CRITICAL if rule.severity == "error" else FailureSeverity.WARNING,
        meta={"rule": rule.id, "severity": rule.severity},
    )


def _colons(quoted: re.Match[str]) -> str:
    """The same without what SQLAlchemy takes for a bind parameter: `(?:` of a regex."""
    written = quoted.group()
    if ":" not in written:
        return written
    if written[0] == '"':
        return written.replace(":", "\\:")
    return "(" + written.replace(":", "' || chr(58) || '") + ")"


def _result(found: Any) -> Result:
    meta = found.expectation_config.meta
    raised = [
        info["exception_message"]
        for info in _exceptions(found.exception_info)
        if info.get("raised_exception")
    ]
    if raised:
        raise BrokenGate(f"rule {meta['rule']} could not be evaluated: {raised[0]}")
    observed = found.result.get("observed_value")
    if observed is None:
        raise BrokenGate(f"rule {meta['rule']} gave no count: {found.result}")
    return Result(meta["rule"], meta["severity"], int(observed))


def _exceptions(info: dict[str, Any]) -> list[dict[str, Any]]:
    return [info] if "raised_exception" in info else list(info.values())


def _build_docs(context: Any, docs: Path) -> None:
    site = {
        "class_name": "SiteBuilder",
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(docs),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(site_name="contracts", site_config=site)
    context.build_data_docs(site_names=["contracts"])
