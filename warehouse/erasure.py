"""Forgets a customer: in landing and journal, in all that is made of them, in the tools if wanted.

    1 who it is, written down in data/forgetting (for its owner alone) until it is done
    2 digests of their records and addresses, so that no pull lands them again (forgotten.py)
    3 the tools are asked, where somebody wants that
    4 landing and journal (erased.py), copies made of them, exports
    5 the warehouse and the served files are made anew, as `rebuild` does
    6 everything is searched (proof.py), and what was found goes into the journal

Killed in between and run again, it goes on: every step may be done twice.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from company import USUAL, Company
from systems import System
from warehouse import Places, lake, opened, proof
from warehouse.erased import from_landing
from warehouse.forgotten import forgotten, remember
from warehouse.journal import Journal
from warehouse.locks import writing_to
from warehouse.person import Normal, Person, find, meant, normals
from warehouse.rebuild import hold_possible, rebuild
from warehouse.under_way import Plan, keep, path_of, pending
from warehouse.unsaid import from_journal
from warehouse.upkeep import upkeep

EXPORTS = "exports"
DONE, STILL, NOT_REACHED = "done", "still present", "not reached"
OPEN = (STILL, NOT_REACHED)  # states with which nobody was forgotten yet
KEPT = ", kept without the person"
BY_HAND = "not asked: do it by hand, or run again with ask_tools before"
Ask = Callable[[System, Sequence[str], Sequence[str]], Sequence[tuple[str, str, str]]]


@dataclass(frozen=True)
class Line:
    """Of one place. `detail`: for who reads the run's log; it may name records by their keys."""

    place: str
    state: str
    count: int = 0
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.state}, {self.count}" + (self.detail and f" ({self.detail})")


@dataclass
class Forgetting:
    """`applied`: false of a preview. `resumed`: it goes on with what an earlier run began."""

    applied: bool
    resumed: bool = False
    lines: list[Line] = field(default_factory=list)

    @property
    def problem(self) -> str | None:
        left = [str(line) for line in self.lines if line.state in OPEN]
        if not left:
            return None
        return (
            "Not everything of the person is gone: "
            + "; ".join(left)
            + ". Run forget_customer again with the same identifier: it goes on from here. What "
            "stays in a file of yours, remove by hand."
        )


def forget(
    places: Places,
    systems: Mapping[str, System],
    identifier: str,
    *,
    normal: Normal,
    by: str,
    why: str,
    apply: bool = False,
    ask: Ask | None = None,
    company: Company = USUAL,
    now: datetime | None = None,
) -> Forgetting:
    """`ask`: a system, keys of its customers and of its orders -> record, state, words of each.

    Raises ValueError for an identifier that is nobody's or several customers', for no reason or one
    that names the person, and for a warehouse that cannot be rebuilt; Taken while a system is
    pulled or written to.
    """
    if not why.strip():
        raise ValueError("Say why: who looks at it later must see who asked, and by what right.")
    hold_possible(places)
    plan = pending(places, identifier, normal)
    resumed = plan is not None
    if plan is None and _is_forgotten(places, identifier, normal):
        return Forgetting(apply, lines=[Line("everything", DONE, 0, "was forgotten before")])
    plan = plan or _begun(places, systems, identifier, normal)
    if plan.person.is_named(why):
        raise ValueError("Do not name the person in `why`: it is kept. Write who asked, and when.")
    if not apply:
        return Forgetting(False, resumed, _preview(places, systems, plan))
    done = Forgetting(True, resumed)
    keep(places, plan)
    person, erasure = plan.person, plan.erasure
    remember(places, erasure, [*plan.landed, *person.said, *_names(person)])
    with ExitStack() as alone:
        for name in sorted(systems):  # else what was served before would be given back meanwhile
            alone.enter_context(writing_to(places, name, wait=0))
        done.lines += _tools(places, systems, plan, ask)
        done.lines += _erase(places, systems, plan)
        rebuild(places, systems.values(), company, now=now)
        if places.warehouse.startswith(lake.PREFIX):
            upkeep(places, keep=timedelta(0))
        done.lines += _proven(places, plan)
    _tell(places, plan, done, by, why)
    if not done.problem:
        path_of(places, plan).unlink()
    return done


def _names(person: Person) -> list[tuple[str, str]]:
    """Of whom identifiers may be given again."""
    return [("customer", person.customer_id), *(("record", record) for record in person.records)]


def hold_unforgotten(places: Places, identifier: str, normal: Normal) -> None:
    """Raises ValueError for somebody who was forgotten, and is no customer since."""
    if _is_forgotten(places, identifier, normal):
        raise ValueError(
            "Whoever this is was forgotten: nothing is held. The journal's topic erasures says "
            "when somebody was, and why."
        )


def _is_forgotten(places: Places, identifier: str, normal: Normal) -> bool:
    known, given = forgotten(places), identifier.strip()
    what = [("customer", given), ("record", given), *normals(given, normal)]
    if known is None or not any(known.is_known(*one) for one in what):
        return False
    with opened(places) as connection:
        return not meant(connection, given, normal)  # else they are customers anew


def _begun(places: Places, systems: Mapping[str, System], identifier: str, normal: Normal) -> Plan:
    with opened(places) as connection:
        person = find(connection, identifier, normal)
    seen = from_landing(places, systems, person, apply=False)
    return Plan(secrets.token_hex(8), identifier.strip(), person, sorted(seen.landed))


def _preview(places: Places, systems: Mapping[str, System], plan: Plan) -> list[Line]:
    seen = from_landing(places, systems, plan.person, apply=False)
    lines = [Line(place, "would go", count) for place, count in sorted(seen.rows.items())]
    lines += [Line(f"{place}{KEPT}", "would go", n) for place, n in sorted(seen.kept.items())]
    seen.landed |= {*plan.landed}
    said = from_journal(places, plan.person, seen, apply=False)
    lines += [Line(f"journal {topic}", "would go", count) for topic, count in sorted(said.items())]
    exports = len(_exports(places, plan.person))
    lines += [Line(EXPORTS, "would go", exports)] if exports else []
    for system, customers, orders in _with(systems, plan.person):
        records = [*(f"customers/{key}" for key in customers), *(f"orders/{key}" for key in orders)]
        lines.append(Line(f"tool {system.name}", "could be asked", len(records), _few(records)))
    return [*lines, Line("warehouse and served files", "would be made anew")]


def _with(
    systems: Mapping[str, System], person: Person
) -> list[tuple[System, list[str], list[str]]]:
    """Systems that have records of the person, with the keys of customers and orders."""
    found = [
        (system, person.named(system.name, "customers"), person.named(system.name, "orders"))
        for system in systems.values()
    ]
    return [one for one in found if one[1] or one[2]]


def _tools(
    places: Places, systems: Mapping[str, System], plan: Plan, ask: Ask | None
) -> list[Line]:
    """What each answered; one that could not be reached is asked by the next run."""
    lines = []
    for system, customers, orders in _with(systems, plan.person):
        place, keys = f"tool {system.name}", [*customers, *orders]
        if system.name not in plan.asked:
            if ask is None:
                lines.append(Line(place, "not asked", len(keys), f"{BY_HAND}: {_few(keys)}"))
                continue
            answers = [*ask(system, customers, orders)]
            if not any(state == NOT_REACHED for _, state, _ in answers):
                plan.asked[system.name] = answers
                keep(places, plan)
        else:
            answers = plan.asked[system.name]
        states: dict[str, list[str]] = {}
        for record, state, words in answers:
            states.setdefault(state, []).append(f"{record}: {words}" if words else record)
        lines += [Line(place, state, len(said), _few(said)) for state, said in states.items()]
    return lines


def _erase(places: Places, systems: Mapping[str, System], plan: Plan) -> list[Line]:
    """The counts of runs that were cut off are in it, too."""
    erased = from_landing(places, systems, plan.person, apply=True)
    lines = Counter(plan.done) + erased.rows
    lines.update({f"{place}{KEPT}": n for place, n in erased.kept.items()})
    erased.landed |= {*plan.landed}
    said = from_journal(places, plan.person, erased, apply=True)
    lines.update({f"journal {topic}": count for topic, count in said.items()})
    for folder in _exports(places, plan.person):
        shutil.rmtree(folder)
        lines[EXPORTS] += 1
    _clear_spill(places.data / "spill")
    plan.done = dict(lines)
    keep(places, plan)
    return [Line(place, DONE, count) for place, count in sorted(lines.items())]


def _exports(places: Places, person: Person) -> list[Path]:
    folder = places.data / EXPORTS
    return [
        one
        for one in sorted(folder.iterdir() if folder.exists() else [])
        if one.name.endswith(person.customer_id)
        or any(person.is_named(file.read_text("utf-8", "ignore")) for file in one.glob("*"))
    ]


def _clear_spill(folder: Path) -> None:
    """What processes that are no more wrote there while their memory was full."""
    for left in folder.glob(".*.tmp"):
        if not _lives(left.name[1:].partition("-")[0]):
            shutil.rmtree(left, ignore_errors=True)


def _lives(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _proven(places: Places, plan: Plan) -> list[Line]:
    left = proof.found(places, plan.person, plan.landed)
    looked = ("landing", "journal", "warehouse", "served files")
    clean = [Line(place, DONE, 0, "searched, nothing found") for place in looked if not left[place]]
    return clean + [Line(place, STILL, count) for place, count in sorted(left.items()) if count]


def _tell(places: Places, plan: Plan, done: Forgetting, by: str, why: str) -> None:
    Journal(places.journal).append(
        "erasures",
        [
            {
                "erasure": plan.erasure,
                "place": line.place,
                "state": line.state,
                "count": line.count,
                "decided_by": by or "unknown",
                "why": why.strip(),
            }
            for line in done.lines
        ],
    )


def _few(said: Sequence[str]) -> str:
    return ", ".join(said[:20]) + (f" and {len(said) - 20} more" if len(said) > 20 else "")
