"""What the tasks of the DAGs do, and how they fail. Everything heavy is imported inside.

A problem that a retry may mend raises AirflowException; one that only a person can mend (a
password, a contract) raises AirflowFailException, which Airflow does not retry.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow.sdk import Connection as AirflowConnection
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

import company
import systems
from systems import Connection, System

log = logging.getLogger(__name__)
Summary = list[dict[str, Any]]
PLACES = ("landing", "warehouse")  # whose keys may be in a connection of that name


def connected(name: str) -> System:
    """The system with its Airflow connection; fails saying how to make one."""
    system = systems.load()[name]
    found = connection_of(name)
    if found is None:
        raise AirflowFailException(
            f"There is no Airflow connection named {name!r}. Make one of that name under "
            "Admin > Connections (type Generic), or set "
            f"AIRFLOW_CONN_{name.upper()}. What goes into it: README, Connecting your systems."
        )
    return system.connected(found)


def connection_of(name: str) -> Connection | None:
    try:
        found = AirflowConnection.get(name)
    except AirflowNotFoundException:
        return None
    return Connection(
        host=found.host,
        port=found.port,
        schema=found.schema,
        login=found.login,
        password=found.password,
        extra=found.extra_dejson,
    )


def company_places() -> Any:
    """Where the data lives, with the keys to what is not on this machine."""
    from warehouse import Places

    away = [name for name in PLACES if ":" in os.environ.get(f"KOPRU_{name.upper()}", "")]
    connections = {name: found for name in away if (found := connection_of(name))}
    with hopeless(ValueError):
        return Places.from_environment(connections)


@contextmanager
def hopeless(*errors: type[Exception]) -> Iterator[None]:
    """What only a person can mend."""
    try:
        yield
    except errors as error:
        raise AirflowFailException(str(error)) from error


def pull(name: str, params: dict[str, Any]) -> Summary:
    from clients import Unavailable
    from contracts import contract_of
    from warehouse.pull import pull

    system = connected(name)
    with hopeless(ValueError):  # params or a contract that cannot be used
        done = pull(
            company_places(),
            system,
            contract_of(system),
            tables=params.get("tables") or None,
            since=params.get("since") or None,
            full=bool(params.get("full")),
            confirm=bool(params.get("confirm")),
        )
    problems = [table for table in done if table.problem]
    if problems:
        words = "\n".join(str(table.problem) for table in problems)
        log.error(words)
        for_good = all(t.error and not isinstance(t.error, Unavailable) for t in problems)
        raise (AirflowFailException if for_good else AirflowException)(words)
    return [
        {"table": t.table, "claimed": t.claimed, "seen": t.seen, "landed": t.rows}
        | ({"held_back": t.held_back} if t.held_back else {})
        for t in done
    ]


def check(name: str) -> Summary:
    from contracts import contract_of
    from contracts.expectations import BrokenGate
    from warehouse.check import check

    system = systems.load()[name]
    with hopeless(ValueError, BrokenGate):
        verdicts = check(company_places(), system, contract_of(system))
    problems = [verdict.problem for verdict in verdicts if verdict.problem]
    for notice in (notice for verdict in verdicts for notice in verdict.notices):
        log.warning(notice)
    if problems:
        log.error("\n".join(problems))
        raise AirflowFailException("\n".join(problems))
    return [
        {"table": v.table, "load": v.load, "rows": v.rows, "quarantined": v.quarantined}
        for v in verdicts
        if v.rows
    ]


def load(name: str) -> Summary:
    """Skips itself, and so sends no asset event, when there is nothing to build from."""
    from contracts import contract_of
    from warehouse.build import is_due
    from warehouse.load import load

    system = systems.load()[name]
    places = company_places()
    done = load(places, system, contract_of(system))
    for table in done:
        log.info("%s.%s: %d rows new or changed", name, table.table, table.changed)
    if not is_due(places, systems.load().values(), company.load()):
        raise AirflowSkipException("Nothing changed; there is nothing to build.")
    return [asdict(table) for table in done]


def report(name: str, ti: Any) -> None:
    """One line per table, and red when anything before it was: nothing is lost in silence."""
    for step in ("pull", "check", "load"):
        for row in ti.xcom_pull(task_ids=step) or []:
            log.info("%s %s: %s", name, step, row)
    states = {
        task: state
        for tasks in ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).values()
        for task, state in tasks.items()
    }
    red = [task for task, state in states.items() if state in ("failed", "upstream_failed")]
    if red:
        raise AirflowFailException(
            f"{name}: {', '.join(sorted(red))} failed. Its log names table, cause and remedy; "
            "everything else went on, and the next run picks up what was missed."
        )


def build() -> list[str]:
    from warehouse.build import Broken, build

    with hopeless(Broken):
        built = build(company_places(), systems.load().values(), company.load())
    if not built.built:
        raise AirflowSkipException("Nothing changed since the last build.")
    return built.built


def check_system(name: str) -> str:
    """In plain words: can the system be reached, and read?"""
    from importlib import import_module

    from clients import ClientError

    system = connected(name)
    with hopeless(ClientError):
        words: str = import_module(f"sources.{system.kind}").connect(system).check()
    log.info(words)
    return words


def replay_quarantine(params: dict[str, Any], by: str) -> Summary:
    from contracts import contract_of
    from contracts.expectations import BrokenGate
    from warehouse.quarantine import dismiss, replay

    system, places = systems.load()[params["system"]], company_places()
    tables, keys, why = params.get("tables") or [], params.get("dismiss") or [], params["why"]
    with hopeless(ValueError, BrokenGate):
        contract = contract_of(system)
        if keys:
            if len(tables) != 1:
                raise ValueError("Name in `tables` the one table whose rows are to be dismissed.")
            dismiss(places, system, contract, tables[0], keys, by=by, why=why)
            return []
        done = replay(places, system, contract, tables, by=by, why=why)
    for one in done:
        log.info("%s.%s: %d of %d rows are good", one.system, one.table, one.good, one.looked_at)
    return [asdict(one) for one in done]


def overrule_identity(params: dict[str, Any], by: str) -> dict[str, Any]:
    from warehouse.overrides import overrule

    with hopeless(ValueError, FileNotFoundError):
        left, right = overrule(
            company_places(), params["left"], params["right"], params["decision"], by, params["why"]
        )
    return {"records": [left, right], "decision": params["decision"]}


def relearn_identity(params: dict[str, Any], by: str) -> dict[str, Any]:
    from transforms.matching._relearning import relearn

    apply = bool(params.get("apply"))
    with hopeless(ValueError):
        done = relearn(company_places(), by or "unknown", params["why"], apply=apply)
    log.info(
        "of %d customers, made of %d people, %d %s",
        done.customers,
        done.people,
        done.changed,
        "change with the next build" if apply else "would change; nothing was decided",
    )
    return asdict(done)


def rebuild() -> list[str]:
    from warehouse.rebuild import rebuild

    return rebuild(company_places(), systems.load().values(), company.load()).built


def compact() -> Summary:
    """What stops one system does not stop the others."""
    from contracts import contract_of
    from warehouse.compact import compact

    places, done, problems = company_places(), [], []
    if not isinstance(places.landing, Path):
        raise AirflowSkipException("The landing is in an object store: only a folder is compacted.")
    for system in systems.load().values():
        try:
            done += compact(places, system, contract_of(system))
        except (ValueError, RuntimeError) as error:
            problems.append(f"{system.name} was not compacted: {error}")
    if problems:
        log.error("\n".join(problems))
        raise AirflowException("\n".join(problems))
    return [asdict(one) for one in done if one.loads or one.freed]


def upkeep() -> dict[str, int]:
    from warehouse.upkeep import upkeep

    kept = upkeep(company_places())
    if kept is None:
        raise AirflowSkipException("The warehouse is a plain file: there is nothing to do.")
    return asdict(kept)
