"""Check: every finished load against its contract, in a DuckDB of its own (no lock).

The verdict is written beside the load, bad rows as parquet, so any machine can go on from it.
A refused load is looked at again by every check, without the rows that newer loads replaced,
until it is accepted: after the source or the contract was mended.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from contracts import Contract, Table
from contracts.expectations import LISTED, UNSHOWN, BrokenGate, expect, validate
from contracts.personal import shown_key
from contracts.rules import Rule, load_rules, row_rules
from contracts.typed import text
from systems import System
from warehouse import Places, in_memory
from warehouse.files import sweep, whole, write_json
from warehouse.landing import Landing, Load
from warehouse.locks import PATIENCE, alone
from warehouse.staged import keep, landed_query, stage
from warehouse.tables import hold_mapping
from warehouse.verdict import RuleResult, Verdict, stands

log = logging.getLogger(__name__)
FIRST_KEYS = 5
# Errors that speak of the query alone; others may quote a row's cells.
ABOUT_SQL = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
FEW = 100  # rows; of fewer a share says little


def check(places: Places, system: System, contract: Contract) -> list[Verdict]:
    """Verdicts of all loads that had none, and of those that stand refused.

    Raises BrokenGate, after everything else was checked, naming rules that cannot be evaluated,
    Taken while another checks the system, or takes somebody out of it, for longer than we wait.
    """
    hold_mapping(system, contract)
    with alone(places.here, system.name, "checked", wait=PATIENCE):
        return _checked(places, system, contract)


def _checked(places: Places, system: System, contract: Contract) -> list[Verdict]:
    landing = Landing(places.landing)
    verdicts = []
    broken = []
    for table in contract.tables.values():
        sweep(landing.folder(system.name, table.name))
        loads = landing.loads(system.name, table.name)
        for position, load in enumerate(loads):
            if stands(load):
                continue
            try:
                before, newer = loads[:position], loads[position + 1 :]
                verdict = _check(places, contract, table, load, before, newer)
            except BrokenGate as error:
                broken.append(str(error))
                continue
            write_json(load.verdict_path, asdict(verdict))
            log.info(
                "%s.%s: load %s: %d rows, %d quarantined, %s",
                *(system.name, table.name, load.id, verdict.rows, verdict.quarantined),
                "accepted" if verdict.accepted else "REFUSED",
            )
            verdicts.append(verdict)
    if broken:
        raise BrokenGate("\n".join(broken))
    return verdicts


def _check(
    places: Places,
    contract: Contract,
    table: Table,
    load: Load,
    before: Sequence[Load],
    newer: Sequence[Load],
) -> Verdict:
    manifest = load.manifest
    verdict = Verdict(
        *(manifest.system, table.name, load.id, f"{contract.id} {contract.version}"),
        accepted=True,
        checked_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    if not manifest.rows:
        return verdict
    rules, loads = row_rules(table), load_rules(table)
    superseded = newer if load.verdict_path.exists() else ()
    verdict.superseded = [other.id for other in superseded]
    with in_memory(places.landing, spill=places.data) as connection:
        stage(connection, places, table, load, superseded)
        file = keep(connection, places, table, load, superseded)
        judge(connection, table, rules, verdict)
        verdict.missing, verdict.unknown = _drift(connection, table, manifest.fields)
        docs = places.data / "docs" / manifest.system / table.name
        if any(result.failed for result in verdict.results):
            verdict.docs = str(docs / "index.html")
        key = shown_key(table)
        rows = f"""select * replace ({key} as _key)
            from read_parquet({text(str(file))}) where _change is null"""
        _agree(verdict, rows, rules, docs)
        if verdict.missing:
            verdict.reason = (
                f"no row has {', '.join(verdict.missing)}, which the contract requires. "
                f"Correct physicalName in {contract.path.name} or the export."
            )
        if verdict.rows:
            verdict.reason = verdict.reason or _broken_load_rule(connection, table, loads, rows)
        verdict.reason = verdict.reason or _too_many(table, verdict, before)
        verdict.accepted = verdict.reason is None
        _write_bad(connection, load, superseded, verdict)
    return verdict


def judge(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rules: list[Rule],
    verdict: Verdict,
    rows: str = "typed",
) -> None:
    """One pass of all row rules over the view `rows`; fills the verdict's results and counts, and
    makes the tables `judged` and `bad`."""
    columns = ", ".join(f"coalesce(({rule.sql}), false) as r{i}" for i, rule in enumerate(rules))
    try:
        connection.execute(
            f"""create or replace temp table judged as
                select _key, _unreadable, {columns} from {rows} where _change is null"""
        )
    except duckdb.Error:
        _hold_evaluable(connection, table, rules)
        raise
    key = shown_key(table)
    counts = ", ".join(
        f"count(*) filter (not r{i}), list({key} order by _key) filter (not r{i})[:{FIRST_KEYS}]"
        for i, _ in enumerate(rules)
    )
    count, *found = connection.execute(f"select count(*), {counts} from judged").fetchone() or (0,)
    verdict.rows = count
    verdict.results = [
        RuleResult(rule.id, rule.severity, count, found[2 * i], found[2 * i + 1] or [])
        for i, rule in enumerate(rules)
    ]
    errors = [i for i, rule in enumerate(rules) if rule.severity == "error"]
    broken = ", ".join(f"case when not r{i} then {text(rules[i].id)} end" for i in errors)
    connection.execute(
        f"""create or replace temp table bad as
            select _key, _unreadable,
                list_filter([{broken}], lambda rule: rule is not null) as rules
            from judged where not ({" and ".join(f"r{i}" for i in errors)})"""
    )
    verdict.quarantined = connection.execute("select count(*) from bad").fetchall()[0][0]


def _hold_evaluable(
    connection: duckdb.DuckDBPyConnection, table: Table, rules: Sequence[Rule]
) -> None:
    """Raises BrokenGate for the rule that cannot be evaluated."""
    for rule in rules:
        _asked(connection, table, rule, f"select count(*) from typed where {rule.sql}")


def _asked(
    connection: duckdb.DuckDBPyConnection, table: Table, rule: Rule, query: str
) -> tuple[Any, ...] | None:
    """The first row; raises BrokenGate, blaming the rule, where there can be none."""
    try:
        row: tuple[Any, ...] | None = connection.execute(query).fetchone()
        return row
    except duckdb.OutOfMemoryException:  # says nothing about the rule either
        raise
    except duckdb.Error as error:
        shows = rule.shows or isinstance(error, ABOUT_SQL)
        raise BrokenGate(
            f"{table.where}: rule {rule.id} could not be evaluated: {error if shows else UNSHOWN}. "
            "Mend the rule; this says nothing about the data."
        ) from (error if shows else None)


def _drift(
    connection: duckdb.DuckDBPyConnection, table: Table, fields: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Required columns that no row has at all, and fields nobody promised."""
    unknown = sorted(set(fields) - table.fields)
    required = [c for c in table.columns if c.required or c.key_position is not None]
    absent = [c for c in required if fields and c.path.split(".")[0] not in fields]
    return [column.path for column in absent], unknown


def _agree(verdict: Verdict, rows: str, rules: list[Rule], docs: Path) -> None:
    """Great Expectations evaluates the same predicates; two gates must find the same rows."""
    broken = any(result.failed for result in verdict.results)
    name = f"{verdict.system}.{verdict.table}"
    counted = {
        result.rule: result
        for result in validate(rows, rules, name=name, docs=docs if broken else None)
    }
    for result in verdict.results:
        other = counted[result.rule]
        if other.failed != result.failed:
            raise BrokenGate(
                f"{name}, rule {result.rule}: our pass counts {result.failed} bad rows, "
                f"Great Expectations {other.failed}. The gate is broken, not the data."
            )
        if result.failed <= LISTED and not set(result.keys) <= other.keys:
            raise BrokenGate(
                f"{name}, rule {result.rule}: our pass names the bad rows {result.keys}, Great "
                f"Expectations {sorted(other.keys)[:FIRST_KEYS]}. The gate is broken, not the data."
            )


def _broken_load_rule(
    connection: duckdb.DuckDBPyConnection, table: Table, rules: Sequence[Rule], rows: str
) -> str | None:
    """Why the load is refused. `rows`: the query of its live rows that other tools run."""
    live = "(select * from typed where _change is null)"
    for rule in rules:
        if rule.expectation:
            continue
        row = _asked(connection, table, rule, rule.sql.replace("{table}", live))
        if row and not row[0]:
            if rule.severity == "error":
                return f"rule {rule.id} does not hold for the load: {rule.sql}"
            log.warning("%s: rule %s does not hold", table.name, rule.id)
    own = [rule for rule in rules if rule.expectation]
    for rule, observed in expect(rows, own, name=f"{table.name}.load") if own else ():
        if rule.severity == "error":
            return f"rule {rule.id} does not hold for the load: observed {observed}"
        log.warning("%s: rule %s does not hold: observed %s", table.name, rule.id, observed)
    return None


def _too_many(table: Table, verdict: Verdict, before: Sequence[Load]) -> str | None:
    """One bad row among two changed ones is no export gone wrong: a load of few rows is judged
    as if it had brought some of those that came before it again."""
    landed = sum(load.manifest.rows for load in before)
    rows = max(verdict.rows, min(FEW, landed))
    if not rows or verdict.quarantined / rows <= table.bad_share:
        return None
    worst = sorted(
        (result for result in verdict.results if result.failed and result.severity == "error"),
        key=lambda result: -result.failed,
    )
    named = "; ".join(
        f"{result.rule} broken {result.failed} times, first keys {', '.join(result.keys)}"
        for result in worst[:3]
    )
    return (
        f"{verdict.quarantined} of {verdict.rows} rows break the contract, more than the "
        f"{table.bad_share:.0%} it allows ({named}). The last good rows stay. Mend the rows in "
        "the system or the rule in the contract; the next run looks at this load again."
    )


def _write_bad(
    connection: duckdb.DuckDBPyConnection, load: Load, newer: Sequence[Load], verdict: Verdict
) -> None:
    if not verdict.quarantined:
        load.bad_path().unlink(missing_ok=True)  # an earlier verdict's
        return
    with whole(load.bad_path()) as file:
        connection.execute(
            f"""copy (
                    select b._key, b.rules, b._unreadable, l._row, l._load_id
                    from bad as b join ({landed_query(load, newer, "bad")}) as l using (_key)
                    order by b._key
                ) to {text(str(file))} (format parquet)"""
        )
