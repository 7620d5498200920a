"""Runs a contract's row rules through Great Expectations, and the expectations it names itself.

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

from contracts.rule import Rule

LISTED = 200  # Great Expectations' own limit
UNSHOWN = "the reason may quote personal values and is not shown"
QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


@dataclass(frozen=True)
class Result:
    """What Great Expectations counted for one rule. `keys`: of up to LISTED failed rows."""

    rule: str
    severity: str
    failed: int
    keys: frozenset[str] = frozenset()


class BrokenGate(Exception):
    """An expectation raised: the gate is broken, which says nothing about the data."""


def validate(
    query: str, rules: Sequence[Rule], *, name: str, docs: Path | None = None
) -> list[Result]:
    """One Result per row rule, over the rows that the query reads from files.

    `docs`: folder for the Data Docs; None builds none. Raises BrokenGate naming the rule when an
    expectation could not be evaluated.
    """
    expectations = [_expectation(rule) for rule in rules]
    return [_counted(found) for found in _run(query, expectations, name=name, docs=docs)]


def expect(query: str, rules: Sequence[Rule], *, name: str) -> list[tuple[Rule, str]]:
    """Those of the load rules with an expectation of their own that do not hold, and what was
    observed. Raises BrokenGate when there is no such expectation or it cannot be evaluated."""
    found = _run(query, [_own(rule) for rule in rules], name=name, docs=None)
    by_id = {one.expectation_config.meta["rule"]: one for one in found}
    for one in found:
        _hold_evaluated(one)
    return [
        (rule, _observed(rule, by_id[rule.id].result))
        for rule in rules
        if not by_id[rule.id].success
    ]


def _observed(rule: Rule, result: dict[str, Any]) -> str:
    """The figure, or how many values; the values themselves stay where they are."""
    if "observed_value" in result:
        return str(result["observed_value"]) if rule.shows else "(personal)"
    return f"{result.get('unexpected_count')} of {result.get('element_count')} values"


def _run(query: str, expectations: Sequence[Any], *, name: str, docs: Path | None) -> list[Any]:
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
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(expectations)))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=suite)
    )
    try:
        results = list(definition.run(result_format="COMPLETE").results)
    finally:
        # Else its database lives until some later garbage collection: in a forked process, a crash.
        source.get_execution_engine().close()
        source.get_engine().dispose()
    if docs:
        _build_docs(context, docs)
    return results


def _own(rule: Rule) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    wanted = rule.expectation
    if wanted is None:
        raise ValueError(f"rule {rule.id} names no expectation")
    try:
        return ExpectationConfiguration(
            type=wanted.type,
            kwargs=dict(wanted.kwargs),
            severity=_severity(rule),
            meta=_meta(rule),
        ).to_domain_obj()
    except Exception as error:  # noqa: BLE001 - it raises whatever it finds wrong, under any name
        raise BrokenGate(
            f"{wanted.where}: {wanted.type} cannot be made from its kwargs: {error}. Valid types "
            "and kwargs are in the gallery of Great Expectations."
        ) from error


def _severity(rule: Rule) -> Any:
    from great_expectations.expectations.metadata_types import FailureSeverity

    return FailureSeverity.CRITICAL if rule.severity == "error" else FailureSeverity.WARNING


def _expectation(rule: Rule) -> Any:
    from great_expectations.expectations.core.unexpected_rows_expectation import (
        UnexpectedRowsExpectation,
    )

    predicate = QUOTED.sub(_colons, rule.sql).replace("{", "{{").replace("}", "}}")
    return UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select _key from {{batch}} where not coalesce(({predicate}), false) order by _key"
        ),
        severity=_severity(rule),
        meta=_meta(rule),
    )


def _meta(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.id, "severity": rule.severity, "shows": rule.shows}


def _colons(quoted: re.Match[str]) -> str:
    """The same without what SQLAlchemy takes for a bind parameter: `(?:` of a regex."""
    written = quoted.group()
    if ":" not in written:
        return written
    if written[0] == '"':
        return written.replace(":", "\\:")
    return "(" + written.replace(":", "' || chr(58) || '") + ")"


def _counted(found: Any) -> Result:
    _hold_evaluated(found)
    meta = found.expectation_config.meta
    observed = found.result.get("observed_value")
    if observed is None:
        raise BrokenGate(f"rule {meta['rule']} gave no count: {found.result}")
    rows = found.result["details"]["unexpected_rows"]
    keys = frozenset(str(row["_key"]) for row in rows)
    return Result(meta["rule"], meta["severity"], int(observed), keys)


def _hold_evaluated(found: Any) -> None:
    meta = found.expectation_config.meta
    raised = [
        info["exception_message"]
        for info in _exceptions(found.exception_info)
        if info.get("raised_exception")
    ]
    if raised:
        words = raised[0] if meta["shows"] else UNSHOWN
        raise BrokenGate(f"rule {meta['rule']} could not be evaluated: {words}")


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
