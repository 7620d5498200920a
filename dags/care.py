"""What a person starts by hand: check_system, rebuild."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Asset, Param, task

import systems
from plugins import steps

names = list(systems.load())
COMMON = {
    "schedule": None,
    "catchup": False,
    "max_active_runs": 1,
    "is_paused_upon_creation": False,
    "tags": ["care"],
}

with DAG(
    dag_id="check_system",
    description="Says in plain words whether a system can be reached and read",
    doc_md="Choose a system; the task's log says whether it can be reached and read, or why not.",
    params={"system": Param(names[0] if names else None, type="string", enum=names)},
    **COMMON,
):

    @task(execution_timeout=timedelta(minutes=5), retries=0)
    def check_system(params: dict | None = None) -> str:
        return steps.check_system((params or {})["system"])

    check_system()

with DAG(
    dag_id="rebuild",
    description="Makes the warehouse again from landing and journal",
    doc_md=(
        "Landing and journal are the truth, the warehouse is derived: this makes it again beside "
        "the old one and swaps it when it is whole. Customer ids stay, they are in the journal."
    ),
    **COMMON,
):

    @task(
        pool="warehouse",
        priority_weight=20,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=6),
        retries=0,
        outlets=[Asset("customer_360")],
    )
    def rebuild() -> list[str]:
        return steps.rebuild()

    rebuild()
