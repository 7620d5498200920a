"""Tasks give way to people: who looks at a dashboard, or at Airflow, does not wait for a build.

Everything runs on one machine, and a build takes all the processor there is.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger(__name__)
NICE = 10  # 0 is everybody's, 19 the last


def give_way() -> None:
    """This process and those it starts from now on."""
    nice = max(NICE, os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    log.info("gives way to what else runs on this machine (nice %d)", nice)


class Running:
    """The listener; Airflow calls it in the process of a task, before the task."""

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        give_way()


class KopruPriority(AirflowPlugin):
    name = "kopru_priority"
    listeners = [Running()]
