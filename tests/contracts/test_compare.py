"""A contract's version number says what a change does to those who rely on it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contracts import load
from contracts.compare import main, problem, with_before

TEXT = """
apiVersion: v3.1.0
id: small
version: 1.2.3
schema:
  - name: things
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: code, logicalType: string, logicalTypeOptions: {pattern: '^a', maxLength: 5}}
      - {name: size, logicalType: number, logicalTypeOptions: {minimum: 1}}
      - name: state
        logicalType: string
        quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [a, b]}}]
      - {name: day, logicalType: date}
  - name: others
    properties: [{name: id, logicalType: string, primaryKey: true}]
"""
OTHERS = TEXT[TEXT.index("  - name: others") :]


def compared(folder: Path, old: str, new: str, version: str) -> str | None:
    before, after = folder / "old.odcs.yaml", folder / "new.odcs.yaml"
    before.write_text(TEXT)
    assert old in TEXT
    after.write_text(TEXT.replace(old, new, 1).replace("1.2.3", version))
    return problem(load(before), load(after))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("      - {name: day, logicalType: date}\n", "", "things.day: column removed"),
        ("day, logicalType: date", "day, logicalType: string", "retyped from date DATE to string"),
        (OTHERS, "", "others: table removed"),
        ("name: day,", "name: day, required: true,", "rule day.required: error added"),
        ("name: day,", "name: day, unique: true,", "rule day.unique: error added"),
        ("name: day,", "name: day, physicalName: tag,", "things.day: read from tag instead"),
        ("'^a'", "'^ab'", "rule code.pattern: changed"),
        ("maxLength: 5", "maxLength: 4", "rule code.maxLength: now narrower"),
        ("minimum: 1", "minimum: 2", "rule size.minimum: now narrower"),
        ("[a, b]", "[a, c]", "rule state.validValues: now narrower"),
        (
            "{name: day",
            "{name: day, primaryKey: true, primaryKeyPosition: 2",
            "primary key changed",
        ),
        (
            "name: things",
            "name: things\n    quality: [{metric: rowCount, mustBe: 1}]",
            "error added",
        ),
        ("logicalType: date", "logicalType: date, logicalTypeOptions: {format: d.M.yy}", "format"),
    ],
)
def test_a_breaking_change_asks_for_a_major_version(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    found = compared(tmp_path, old, new, "1.9.0")
    assert found is not None
    assert "version 1.9.0 after 1.2.3; write 2.0.0 or higher. A breaking change" in found
    assert words in found
    assert compared(tmp_path, old, new, "2.0.0") is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("- {name: day", "- {name: night}\n      - {name: day", "things.night: column added"),
        ("  - name: others", "  - {name: more, properties: [{name: a, primaryKey: true}]}\n"
         "  - name: others", "more: table added"),
        ("maxLength: 5", "maxLength: 6", "rule code.maxLength: now wider"),
        ("minimum: 1", "minimum: 0", "rule size.minimum: now wider"),
        ("[a, b]", "[a, b, c]", "rule state.validValues: now wider"),
        ("{pattern: '^a', ", "{", "rule code.pattern: removed"),
        ("mustBe: 0,", "mustBe: 0, severity: warning,", "error is now warning"),
        ("day,", "day, classification: personal,", "classification changed"),
    ],
)  # fmt: skip
def test_a_compatible_change_asks_for_a_minor_version(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    found = compared(tmp_path, old, new, "1.2.4")
    assert found is not None
    assert "write 1.3.0 or higher. A change asks for it" in found
    assert words in found
    assert compared(tmp_path, old, new, "1.3.0") is None


def test_words_for_people_ask_for_nothing(tmp_path: Path) -> None:
    assert compared(tmp_path, "day,", "day, description: a day,", "1.2.3") is None
    assert "write 1.2.3 or higher" in str(compared(tmp_path, "day,", "day,", "1.2.2"))


def test_two_files_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared(tmp_path, "minimum: 1", "minimum: 2", "1.2.3")
    paths = [str(tmp_path / "old.odcs.yaml"), str(tmp_path / "new.odcs.yaml")]
    assert main(paths) == 1
    assert "things, rule size.minimum: now narrower" in capsys.readouterr().out
    assert main(paths[:1] * 2) == 0
    assert main(paths[:1]) == 2


def test_all_contracts_are_compared_with_the_commit_before(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.tr"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    folder = tmp_path / "contracts"
    folder.mkdir()
    path = folder / "small.odcs.yaml"
    path.write_text(TEXT)
    assert list(with_before(tmp_path, folder)) == []  # no repository, nothing to compare
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    path.write_text(TEXT.replace("minimum: 1", "minimum: 2"))
    assert list(with_before(tmp_path, folder)) == []  # no commit before the first
    git("commit", "-qam", "two")
    [found] = with_before(tmp_path, folder)
    assert f"{path}: version 1.2.3 after 1.2.3; write 2.0.0" in found
