"""The verdict on a load: written beside it, so any machine can go on from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from warehouse.files import read_json
from warehouse.formats import VERDICT
from warehouse.landing import Load


@dataclass(frozen=True)
class RuleResult:
    rule: str
    severity: str
    checked: int
    failed: int
    keys: list[str]


@dataclass
class Verdict:
    """`rows`: typed rows looked at. accepted + quarantined = rows, unless refused.

    `superseded`: newer loads whose rows this one no longer brings. `revision`: how many replays
    let rows in that were bad before. `checked_at`: UTC, ISO 8601. `docs`: Data Docs, where a rule
    was broken.
    """

    system: str
    table: str
    load: str
    contract: str
    accepted: bool
    rows: int = 0
    quarantined: int = 0
    reason: str | None = None
    results: list[RuleResult] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    revision: int = 0
    checked_at: str | None = None
    docs: str | None = None
    format: int = VERDICT.format

    @property
    def problem(self) -> str | None:
        if self.accepted:
            return None
        return f"{self.system}.{self.table}: load {self.load} was refused: {self.reason}{self._see}"

    @property
    def notices(self) -> list[str]:
        """Rules that rows of this load break, though it was accepted: one sentence each."""
        return [
            f"{self.system}.{self.table}: {result.failed} of {result.checked} rows break the rule "
            f"{result.rule}, first keys {', '.join(result.keys)}. {self._stay(result)}{self._see}"
            for result in self.results
            if result.failed and self.accepted
        ]

    @property
    def _see(self) -> str:
        return f" Data Docs: {self.docs}" if self.docs else ""

    def _stay(self, result: RuleResult) -> str:
        if result.severity != "error":
            return "It is a warning: they were taken."
        return (
            "They are in quarantine and the others went on. Mend them in "
            f"{self.system}, and the next pull brings them; or the contract, and start "
            "replay_quarantine."
        )


def verdict_of(load: Load) -> Verdict | None:
    if not load.verdict_path.exists():
        return None
    content = VERDICT.read(read_json(load.verdict_path), load.verdict_path)
    results = [RuleResult(**result) for result in content.pop("results")]
    return Verdict(**content, results=results)


def stands(load: Load) -> bool:
    """Whether the load was accepted: that is for good."""
    verdict = verdict_of(load)
    return verdict is not None and verdict.accepted
