"""build: the models whose inputs changed, then the files that BI tools and publishers read."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from operator import or_

from airflow.sdk import DAG, Asset, task

import systems
from plugins import steps

names = list(systems.load())

with DAG(
    dag_id="build",
    description="Builds what changed and serves it",
    doc_md=(
        "Builds every model whose inputs changed, holds the marts against "
        "`contracts/marts.odcs.yaml`, and swaps the served files. A mart that breaks its contract "
        "is not served: the previous files stay. Skips itself when nothing changed."
    ),
    schedule=reduce(or_, [Asset("identity_overrides"), *(Asset(f"raw_{name}") for name in names)]),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["build"],
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": 2.0,
    },
):

    @task(
        pool="warehouse",
        priority_weight=1,
        weight_rule="absolute",
        execution_timeout=timedelta(hours=2),
        outlets=[Asset("customer_360")],
    )
    def build() -> list[str]:
        return steps.build()

    build()
