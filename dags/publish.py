"""publish_<system>: gives a system back what changed about its customers, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, Param, task

import systems
from plugins import giving
from systems import System

DOC = """\
Writes to **{name}** what changed about its customers since we last wrote, through the ledger.

A first run, and one that would change, empty or create more than usual, writes nothing: **approve**
shows what it would do, and waits for a person (Required Actions). What customers take back of their
consents is taken out at once, without it. A record the system refuses is named
with its own words and does not stop the others; it is sent again when its values change, or with
`retry_refused`. `dry_run` sends and remembers nothing; its log shows what would be sent.
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

        @task.branch(execution_timeout=timedelta(hours=6))
        def publish(params: dict | None = None, ti=None) -> list[str]:
            done = giving.publish(system.name, params or {})
            ti.xcom_push("preview", done["preview"])
            return ["approve"] if done["asks"] else []

        @task(execution_timeout=timedelta(hours=6))
        def publish_approved(params: dict | None = None, ti=None) -> dict:
            answer = ti.xcom_pull(task_ids="approve")
            return giving.publish(system.name, params or {}, giving.answered_by(answer))

        approve = ApprovalOperator(
            task_id="approve",
            subject=f"Write this to {system.name}?",
            body="{{ ti.xcom_pull(task_ids='publish', key='preview') }}",
        )
        publish() >> approve >> publish_approved()
    return dag


for each in systems.load().values():
    if each.publish:
        globals()[f"publish_{each.name}"] = publish_dag(each)
