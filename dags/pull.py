"""pull_<system>: what a system says, into the landing, past its contract, into the warehouse."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Asset, Param, TriggerRule, task

import systems
from contracts import contract_of
from plugins import steps
from systems import System

DOC = """\
Pulls **{name}** ({kind}) by the contract `{contract}`.

- **pull** lands what changed since the last time; a killed run is taken up where it stopped.
- **check** holds every load against the contract: bad rows go to quarantine, too many of them
  refuse the load, and then the last good rows stay.
- **load** merges accepted rows into the warehouse.
- **report** is red when anything was lost on the way; its log names system, table, cause, remedy.

Params: `tables` (only these), `since` (read again from this moment, UTC), `full` (read everything),
`confirm` (you looked: a table that shrank or changed its shape is right).
"""


def pull_dag(system: System) -> DAG:
    contract = contract_of(system)
    with DAG(
        dag_id=f"pull_{system.name}",
        description=f"Lands, checks and loads {system.name}",
        doc_md=DOC.format(name=system.name, kind=system.kind, contract=contract.path.name),
        schedule=system.schedule,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["pull", system.kind],
        params={
            "tables": Param(
                [], type="array", examples=list(contract.tables), items={"type": "string"}
            ),
            "since": Param(None, type=["null", "string"], format="date-time"),
            "full": Param(False, type="boolean"),
            "confirm": Param(False, type="boolean"),
        },
        default_args={
            "retries": 2,
            "retry_delay": timedelta(seconds=20),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=10),
        },
    ) as dag:

        @task(execution_timeout=timedelta(hours=12))
        def pull(params: dict | None = None) -> list[dict]:
            return steps.pull(system.name, params or {})

        # Good rows go on whatever happened to others; `report` keeps the run honest.
        @task(trigger_rule=TriggerRule.ALL_DONE, execution_timeout=timedelta(hours=2))
        def check() -> list[dict]:
            return steps.check(system.name)

        @task(
            trigger_rule=TriggerRule.ALL_DONE,
            execution_timeout=timedelta(hours=1),
            pool="warehouse",
            priority_weight=10,
            weight_rule="absolute",
            outlets=[Asset(f"raw_{system.name}")],
        )
        def load() -> list[dict]:
            return steps.load(system.name)

        @task(trigger_rule=TriggerRule.ALL_DONE, execution_timeout=timedelta(minutes=5), retries=0)
        def report(ti=None) -> None:
            steps.report(system.name, ti)

        pulled, checked, loaded = pull(), check(), load()
        pulled >> checked >> loaded >> report() << [pulled, checked]
    return dag


for each in systems.load().values():
    globals()[f"pull_{each.name}"] = pull_dag(each)
