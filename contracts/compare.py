"""What changed between two versions of a contract, and which version number that asks for.

    python -m contracts.compare OLD NEW     two files
    python -m contracts.compare             every contract here with that of the commit before

A breaking change (something readers have is gone or different, or rows that were good may be
refused) asks for a higher major version; any other change of what is promised for a higher minor.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.model import Column, Contract, Table
from contracts.places import ContractError
from contracts.reader import HERE, load
from contracts.rule import Rule
from contracts.rules import rules

BEFORE = "HEAD~1"
# A limit of this kind is tighter when it is higher, or when it is lower.
HIGHER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
LOWER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
HARMLESS = ("badRowShare", "volatilePaths", "optionsSeverity", "ownership", "clearable")


@dataclass(frozen=True)
class Change:
    where: str
    what: str
    breaking: bool


def changes(old: Contract, new: Contract) -> list[Change]:
    found = [*_gone_or_new(old.tables, new.tables, "table")]
    for name in old.tables.keys() & new.tables.keys():
        found += _in_table(old.tables[name], new.tables[name])
    return sorted(found, key=lambda change: (not change.breaking, change.where, change.what))


def _gone_or_new(
    old: Mapping[str, Any], new: Mapping[str, Any], what: str, above: str = ""
) -> Iterator[Change]:
    for name in old.keys() - new.keys():
        yield Change(f"{above}{name}", f"{what} removed", True)
    for name in new.keys() - old.keys():
        yield Change(f"{above}{name}", f"{what} added", False)


def _in_table(old: Table, new: Table) -> Iterator[Change]:
    if old.key_columns and [c.name for c in old.key_columns] != [c.name for c in new.key_columns]:
        yield Change(new.name, "primary key changed", True)
    if new.bad_share != old.bad_share:
        what = f"badRowShare {old.bad_share} is now {new.bad_share}"
        yield Change(new.name, what, new.bad_share < old.bad_share)
    if old.volatile != new.volatile:
        yield Change(new.name, "volatilePaths changed", False)
    yield from _settings(new.name, old.settings, new.settings)
    yield from _in_columns(f"{new.name}.", old.columns, new.columns)
    yield from _in_rules(old, new)


def _settings(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in (old.keys() | new.keys()) - set(HARMLESS):
        if old.get(name) != new.get(name):
            yield Change(where, f"{name} {old.get(name)!r} is now {new.get(name)!r}", True)


def _in_columns(above: str, old: Sequence[Column], new: Sequence[Column]) -> Iterator[Change]:
    before = {column.name: column for column in old}
    after = {column.name: column for column in new}
    yield from _gone_or_new(before, after, "column", above)
    for name in before.keys() & after.keys():
        yield from _in_column(above + name, before[name], after[name])


def _in_column(where: str, old: Column, new: Column) -> Iterator[Change]:
    if old.items and new.items:
        yield from _in_columns(f"{where}.", old.items, new.items)
    elif (old.logical, old.type) != (new.logical, new.type):
        what = f"retyped from {old.logical} {old.type} to {new.logical} {new.type}"
        yield Change(where, what, True)
    if old.path != new.path:
        yield Change(where, f"read from {new.path} instead of {old.path}", True)
    if old.personal != new.personal:
        yield Change(where, "classification changed", False)
    yield from _settings(where, old.settings, new.settings)


def _in_rules(old: Table, new: Table) -> Iterator[Change]:
    """Every rule that stands for a promise, by its id. Rules of removed columns went with them."""
    before, after = _by_id(old), _by_id(new)
    columns = {column.name: column for column in new.columns}
    for id_ in sorted(before.keys() - after.keys()):
        if _owner(id_) in columns or _owner(id_) == new.name:
            yield Change(f"{new.name}, rule {id_}", "removed", False)
    for id_ in sorted(after.keys() - before.keys()):
        rule = after[id_]
        yield Change(f"{new.name}, rule {id_}", f"{rule.severity} added", rule.severity == "error")
    for id_ in sorted(before.keys() & after.keys()):
        yield from _in_rule(id_, before[id_], after[id_], old, new)
    yield from _reading(old, new)


def _in_rule(id_: str, was: Rule, now: Rule, old: Table, new: Table) -> Iterator[Change]:
    where = f"{new.name}, rule {id_}"
    if was.severity != now.severity:
        what = f"{was.severity} is now {now.severity}"
        yield Change(where, what, now.severity == "error")
    if (was.sql, was.expectation and was.expectation.kwargs) == (
        now.sql,
        now.expectation and now.expectation.kwargs,
    ):
        return
    column, _, option = id_.rpartition(".")
    tighter = _tighter(option, _promised(old, column, option), _promised(new, column, option))
    if tighter is None:
        yield Change(where, "changed", now.severity == "error")
    else:
        what = "narrower" if tighter else "wider"
        yield Change(where, f"now {what}", tighter and now.severity == "error")


def _promised(table: Table, column: str, option: str) -> Any:
    """The limit or list behind a rule; None where it cannot be told."""
    for one in _flat(table.columns):
        if one[0] != column:
            continue
        if option != "validValues":
            return one[1].options.get(option)
        entries = [e for e in one[1].quality if e.get("metric") == "invalidValues"]
        arguments = (entries[0].get("arguments") or {}) if len(entries) == 1 else {}
        return arguments.get("validValues") if arguments.keys() == {"validValues"} else None
    return None


def _flat(columns: Sequence[Column], above: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        yield above + column.name, column
        yield from _flat(column.items, f"{above}{column.name}.")


def _tighter(option: str, old: Any, new: Any) -> bool | None:
    """Whether fewer values are good than were; None where that cannot be told."""
    if old is None or new is None:
        return None
    if option == "validValues":
        return not set(map(str, old)) <= set(map(str, new))
    if option in HIGHER:
        return bool(new > old)
    return bool(new < old) if option in LOWER else None


def _reading(old: Table, new: Table) -> Iterator[Change]:
    """Options that say how a cell is read, and are no rule."""
    before = dict(_flat(old.columns))
    for name, column in _flat(new.columns):
        was = before.get(name)
        if was is None or column.logical not in ("date", "timestamp", "time"):
            continue
        for option in ("format", "timezone", "defaultTimezone"):
            if was.options.get(option) != column.options.get(option):
                yield Change(f"{new.name}.{name}", f"{option} changed", True)


def _by_id(table: Table) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules(table)}


def _owner(id_: str) -> str:
    return id_.partition(".")[0]


def problem(old: Contract, new: Contract) -> str | None:
    """Why the new version number will not do, with every change that asks for a higher one."""
    found = changes(old, new)
    was, now = _version(old), _version(new)
    breaking = [change for change in found if change.breaking]
    if breaking:
        wanted, enough = f"{was[0] + 1}.0.0", now[0] > was[0]
    elif found:
        wanted, enough = f"{was[0]}.{was[1] + 1}.0", now[:2] > was[:2]
    else:
        wanted, enough = old.version, now >= was
    if enough:
        return None
    asking = breaking or found
    lines = "".join(f"\n  {change.where}: {change.what}" for change in asking)
    return (
        f"{new.path}: version {new.version} after {old.version}; write {wanted} or higher."
        + (
            " A breaking change asks for it:"
            if breaking
            else " A change asks for it:" * bool(found)
        )
        + lines
    )


def _version(contract: Contract) -> tuple[int, int, int]:
    parts = contract.version.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise ContractError(
            f"{contract.path}: version is {contract.version!r}; write three numbers such as 1.0.0."
        )
    major, minor, patch = map(int, parts)
    return major, minor, patch


def with_before(root: Path, folder: Path) -> Iterator[str]:
    """A problem per contract of `folder` (under `root`, a git working copy) whose version number
    is too low for what changed since the commit before; a note where nothing can be compared."""
    for path in sorted(folder.glob("*.odcs.yaml")):
        text = _git(root, "show", f"{BEFORE}:./{path.relative_to(root)}")
        if text is None:
            continue
        with tempfile.TemporaryDirectory() as aside:
            was = Path(aside) / path.name
            was.write_bytes(text)
            try:
                old = load(was)
                _version(old)
            except ContractError as error:
                print(f"{path.name} is not compared, its old version cannot be read: {error}")
                continue
            found = problem(old, load(path))
        if found:
            yield found


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git says; None where there is no git, no repository, or no such thing in it."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def main(arguments: Sequence[str]) -> int:
    if arguments and len(arguments) != 2:
        print(__doc__)
        return 2
    try:
        if arguments:
            found = problem(*(load(Path(path)) for path in arguments))
            problems = [found] if found else []
        elif _git(HERE.parent, "rev-parse", "--verify", BEFORE) is None:
            print(f"Contract versions are not compared: git knows no commit {BEFORE} here.")
            return 0
        else:
            problems = list(with_before(HERE.parent, HERE))
    except ContractError as error:
        problems = [str(error)]
    print("\n".join(problems) or "Contract versions fit what changed.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
