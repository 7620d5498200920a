"""When the scheduler starts: the one-slot pool exists, and slow libraries are loaded once.

Without the pool tasks would wait for ever in silence. Great Expectations takes 7 to 10 seconds
to import, dlt another two; loaded before LocalExecutor forks its workers they cost a task
nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

PRELOADED = (
    *("great_expectations", "contracts.dialect", "dlt"),
    *("warehouse.pull", "warehouse.check", "warehouse.build"),
)


class Start:
    """The listener; Airflow calls `on_starting` for every component of every process."""

    @hookimpl
    def on_starting(self, component: Any) -> None:
        if "scheduler" not in sys.argv or type(component).__name__ != "Job":
            return
        from importlib import import_module

        from airflow.models.pool import Pool

        Pool.create_or_update_pool(
            "warehouse",
            slots=1,
            description="One writer at a time: load and build",
            include_deferred=False,
        )
        for module in PRELOADED:
            import_module(module)


class KopruScheduler(AirflowPlugin):
    name = "kopru_scheduler"
    listeners = [Start()]
