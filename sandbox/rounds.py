"""One round of the whole loop on a running Airflow, and what it left behind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sandbox.airflow_processes import Airflow, AirflowError
from sandbox.box import Box
from systems import System
from warehouse import Places
from warehouse.files import Folder
from warehouse.journal import Journal
from warehouse.landing import Landing, Load
from warehouse.verdict import verdict_of

ROUND_SECONDS = 400
OVER = {"success", "failed"}
QUIET_POLLS = 4


@dataclass(frozen=True)
class TableCount:
    system: str
    table: str
    claimed: int | None
    seen: int
    landed: int
    accepted: int
    quarantined: int


@dataclass
class Round:
    tables: list[TableCount]
    requests: dict[str, int]
    changed_records: dict[str, int]
    sent: dict[str, Counter[str]]
    seconds: float

    @property
    def rows_seen(self) -> int:
        return sum(table.seen for table in self.tables)

    @property
    def rows_loaded(self) -> int:
        return sum(table.accepted for table in self.tables)

    @property
    def values_written(self) -> int:
        return sum(counts["values"] for counts in self.sent.values())


def run(
    airflow: Airflow,
    box: Box,
    places: Places,
    systems: dict[str, System],
    say: Callable[[str], None],
) -> Round:
    """Triggers every pull, approves what waits for a person, waits until nothing moves any more,
    and counts.

    Raises AirflowError when a run failed.
    """
    started = time.monotonic()
    landing = Landing(places.landing)
    loads_before = {load.id for load in _loads(landing, systems)}
    journal = Journal(places.journal)
    files_before = set(journal.files("sends"))
    counts_before = box.counts()
    runs_before = {run["dag_run_id"] for run in airflow.runs()}
    for name in systems:
        airflow.trigger(f"pull_{name}")
    say(f"triggered {', '.join(f'pull_{name}' for name in systems)}")
    _wait(airflow, runs_before, say)
    counts = box.counts()
    return Round(
        tables=list(_tables(landing, systems, loads_before)),
        requests={name: counts[name][0] - counts_before[name][0] for name in counts},
        changed_records={name: counts[name][1] - counts_before[name][1] for name in counts},
        sent=_sent(journal, files_before),
        seconds=time.monotonic() - started,
    )


def _wait(airflow: Airflow, before: set[str], say: Callable[[str], None]) -> None:
    started = said = time.monotonic()
    quiet = 0
    while quiet < QUIET_POLLS:
        if problem := airflow.dead():
            raise AirflowError(problem)
        for words in airflow.approve():
            say(words)
        new = [run for run in airflow.runs() if run["dag_run_id"] not in before]
        failed = [run["dag_id"] for run in new if run["state"] == "failed"]
        if failed:
            raise AirflowError(f"{', '.join(failed)} failed; logs: {airflow.logs.parent / 'logs'}")
        moving = [run["dag_id"] for run in new if run["state"] not in OVER]
        quiet = 0 if moving else quiet + 1
        now = time.monotonic()
        if now - started > ROUND_SECONDS:
            raise AirflowError(f"still running after {ROUND_SECONDS} s: {', '.join(moving)}")
        if now - said >= 5:
            over = len(new) - len(moving)
            say(f"{over} runs done, running: {', '.join(sorted(moving)) or 'nothing'}")
            said = now
        time.sleep(0.7)


def _loads(landing: Landing, systems: Iterable[str]) -> Iterator[Load]:
    for system in systems:
        for table in landing.tables(system):
            yield from landing.loads(system, table)


def _tables(landing: Landing, systems: Iterable[str], before: set[str]) -> Iterator[TableCount]:
    for system in systems:
        for table in landing.tables(system):
            loads = [load for load in landing.loads(system, table) if load.id not in before]
            if not loads:
                continue
            verdicts = [verdict for load in loads if (verdict := verdict_of(load))]
            quarantined = sum(verdict.quarantined for verdict in verdicts)
            accepted = sum(verdict.rows for verdict in verdicts if verdict.accepted)
            yield TableCount(
                system,
                table,
                loads[-1].manifest.claimed,
                loads[-1].manifest.seen,
                sum(load.manifest.rows for load in loads),
                accepted - quarantined,
                quarantined,
            )


def _sent(journal: Journal, before: set[Folder]) -> dict[str, Counter[str]]:
    """System -> rows accepted, refused, retry, and values accepted."""
    sent: dict[str, Counter[str]] = {}
    new = {path.name for path in journal.files("sends") if path not in before}
    for line in journal.records("sends", only=new):
        if line["state"] == "intent":
            continue
        counts = sent.setdefault(line["system"], Counter())
        counts[line["state"]] += 1
        if line["state"] == "accepted":
            counts["values"] += len(line["values"])
    return sent
