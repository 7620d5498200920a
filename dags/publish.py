"""publish_<system>: gives a system back what changed about its customers, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Asset, Param, task

import systems
from plugins import steps
from systems import System

DOC = """\
Writes to **{name}** what changed about its customers since we last wrote, through the ledger.

A record the system refuses is named with its own words and does not stop the others; it is sent
again when its values change, or with `retry_refused`. `dry_run` sends and remembers nothing.
"""


def publish_dag(system: System) -> DAG:
    with DAG(
        dag_id=f"publish_{system.name}",
        description=f"Gives back to {system.name} what changed",
        doc_md=DOC.format(name=system.name),
        schedule=[Asset("customer_360")],
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["publish", system.kind],
        params={
            "dry_run": Param(False, type="boolean"),
            "retry_refused": Param(False, type="boolean"),
        },
        default_args={
            "retries": 3,
            "retry_delay": timedelta(seconds=20),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=10),
        },
    ) as dag:

        @task(execution_timeout=timedelta(hours=6))
        def publish(params: dict | None = None) -> dict:
            return steps.publish(system.name, params or {})

        publish()
    return dag


for each in systems.load().values():
    if each.publish:
        globals()[f"publish_{each.name}"] = publish_dag(each)
