"""The README's commands exist and its examples work."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

import systems

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_two_commands_come_first() -> None:
    assert re.findall(r"```sh\n(make \w+)", README)[0] == "make demo"
    assert README.index("make demo") < README.index("make test") < README.index("## How data flows")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_every_make_command_can_be_run(target: str) -> None:
    """Make itself knows the target and everything it needs; nothing is executed."""
    assert target in targets()
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607 - make of this machine
    assert done.returncode == 0, done.stderr


def test_the_example_of_systems_is_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert example
    path = tmp_path / "systems.toml"
    path.write_text(example.group(1).replace("\n   ", "\n"), encoding="utf-8")
    loaded = systems.load(path)
    assert {name: system.kind for name, system in loaded.items()} == {
        "webshop": "woocommerce",
        "erp": "soap",
    }


def test_files_and_folders_it_names_are_there() -> None:
    named = set(re.findall(r"`((?:contracts|docs|sources|dags|sandbox)/[\w./]*)`", README))
    assert len(named) > 5
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_marts_it_names_are_promised() -> None:
    contract = yaml.safe_load((ROOT / "contracts/marts.odcs.yaml").read_text(encoding="utf-8"))
    promised = {table["name"] for table in contract["schema"]}
    named = set(re.findall(r"`(?:marts|metrics)\.(\w+)`", README))
    assert named == promised


def test_ci_runs_check_then_the_tests_then_the_demo() -> None:
    steps = re.findall(r"^make (\w+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert steps == ["check", "test", "demo"]
