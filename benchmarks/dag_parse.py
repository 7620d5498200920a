"""Seconds to parse the DAG files of 20 systems, beyond `import airflow.sdk`.

python -m benchmarks.dag_parse     in a fresh interpreter parses them once and says the seconds
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import TIMES, Options, Row, figure

ROOT = Path(__file__).parent.parent
SIZE = 20
ENTRIES = (
    'kind = "shopify"\n',
    'kind = "woocommerce"\n',
    'kind = "hubspot"\n',
    'kind = "soap"\npreset = "dolibarr"\n',
    'kind = "files"\ncontract = "till"\n',
)


def measure(options: Options) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="kopru-bench-") as folder:
        systems = Path(folder) / "systems.toml"
        systems.write_text(
            "".join(
                f"[system_{number}]\n{ENTRIES[number % len(ENTRIES)]}publish = true\n"
                'schedule = "*/15 * * * *"\n'
                for number in range(options.size)
            )
        )
        # One run more: the first one writes Airflow's configuration and everybody's byte code.
        seconds = [_once(options, folder, systems) for _ in range(TIMES + 1)][1:]
    return [figure("dag_parse", "seconds", median(seconds), "s", options.size)]


def _once(options: Options, home: str, systems: Path) -> float:
    options.say(f"dag_parse: {options.size} systems")
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.dag_parse"],
        env={
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "KOPRU_SYSTEMS": str(systems),
            "PYTHONPATH": str(ROOT),
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    import airflow.sdk

    assert airflow.sdk.DAG  # loaded now: it loads lazily
    started = time.perf_counter()
    dags = [dag for path in sorted((ROOT / "dags").glob("*.py")) for dag in _parsed(path)]
    seconds = time.perf_counter() - started
    assert dags
    print(seconds)


def _parsed(path: Path) -> list[object]:
    from airflow.sdk import DAG

    spec = importlib.util.spec_from_file_location(f"parsed_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for value in vars(module).values() if isinstance(value, DAG)]


if __name__ == "__main__":
    main()
