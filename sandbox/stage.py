"""Sets the stage: the company in a box and Airflow, both running, both gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import systems as company_systems
from sandbox import box as company_box
from sandbox.airflow_processes import Airflow, running
from sandbox.airflow_settings import ROOT, environment, free_port
from sandbox.box import Box
from systems import System

SYSTEMS = ROOT / "systems.toml"


def expected_dags(systems: dict[str, System]) -> set[str]:
    published = {f"publish_{s.name}" for s in systems.values() if s.publish}
    return {
        "build",
        "check_system",
        "replay_quarantine",
        "rebuild",
        "upkeep",
        "compact",
        *(f"pull_{name}" for name in systems),
        *published,
    }


@contextmanager
def staged(
    data: Path, people: int, seed: int, say: Callable[[str], None], *, login: bool = False
) -> Iterator[tuple[Airflow, Box, dict[str, System]]]:
    systems = company_systems.load(SYSTEMS)
    say(f"starting the company: five servers, {people:,} people, seed {seed}")
    with company_box.opened(people, seed) as box:
        for name, store in box.stores.items():
            say(f"  {name}: {len(store.customers):,} customers, {len(store.orders):,} orders")
        box.company.write_truth(_folder(data) / "truth.csv")
        env = environment(data, free_port(), SYSTEMS, box.airflow_connections, login=login)
        with running(env, expected_dags(systems), say) as airflow:
            say(f"Airflow is up at {airflow.url}")
            yield airflow, box, systems


def _folder(data: Path) -> Path:
    data.mkdir(parents=True, exist_ok=True)
    return data
