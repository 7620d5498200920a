"""Parses the DAG files in a process of its own and says as JSON what came out.

Arguments: systems files, parsed in turn. The answer: `imported`, heavy modules after the first
parse, and `bags`, the DAGs and import errors of each file.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEAVY = {"dlt", "duckdb", "great_expectations", "pandas", "zeep", "pyarrow"}


def task(operator: Any) -> dict[str, Any]:
    timeout = operator.execution_timeout
    return {
        "pool": operator.pool,
        "weight": operator.priority_weight,
        "rule": operator.weight_rule.serialize()
        if hasattr(operator.weight_rule, "serialize")
        else str(operator.weight_rule),
        "retries": operator.retries,
        "backoff": float(operator.retry_exponential_backoff),
        "timeout": timeout.total_seconds() if timeout else None,
        "after": sorted(operator.upstream_task_ids),
        "trigger": operator.trigger_rule.value,
        "outlets": [outlet.name for outlet in operator.outlets],
    }


def dag(one: Any) -> dict[str, Any]:
    return {
        "active": one.max_active_runs,
        "catchup": one.catchup,
        "doc": one.doc_md,
        "tags": sorted(one.tags),
        "params": {name: one.params.get_param(name).value for name in one.params},
        "schedule": str(one.schedule),
        "tasks": {operator.task_id: task(operator) for operator in one.tasks},
    }


def main(files: list[str]) -> dict[str, Any]:
    os.environ["KOPRU_SYSTEMS"] = files[0]
    for path in sorted((ROOT / "dags").glob("*.py")):
        runpy.run_path(str(path))
    imported = sorted(HEAVY & set(sys.modules))
    from airflow.dag_processing.dagbag import DagBag

    bags = []
    for file in files:
        os.environ["KOPRU_SYSTEMS"] = file
        bag = DagBag(str(ROOT / "dags"))
        dags = {name: dag(one) for name, one in bag.dags.items()}
        bags.append({"dags": dags, "errors": list(bag.import_errors.values())})
    return {"imported": imported, "bags": bags}


if __name__ == "__main__":
    answer = main(sys.argv[1:])
    sys.stdout.write("\n" + json.dumps(answer))
