"""The program at the till that takes what was placed for it, and answers.

It waits for the control file, compares rows and digest, takes what it can, writes its answer aside
and renames it, and puts the file away.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection, Mapping
from pathlib import Path

from sandbox.till import ENCODING, KEY, Till


class Picker:
    """`control`, `suffix`: what is added to a file's name for its control file and its answer."""

    def __init__(self, till: Till, control: str = ".ok", suffix: str = ".ack") -> None:
        self.till, self.control, self.suffix = till, control, suffix
        till.takes_at_once = False
        for name in ("ack", "done"):
            (till.root / name).mkdir(exist_ok=True)

    def pick(self, refused: Mapping[str, str] = {}, forgotten: Collection[str] = ()) -> list[str]:
        """Names of the files taken. `refused`: record -> its words; `forgotten`: records it says
        nothing about. What does not agree with its control file is left where it is."""
        taken = []
        for control in sorted((self.till.root / "in").glob(f"*{self.control}")):
            data = control.with_name(control.name.removesuffix(self.control))
            [promised] = _lines(control.read_bytes())
            content = data.read_bytes()
            rows = _lines(content)
            found = {"file": data.name, "rows": str(len(rows)), "sha256": _digest(content)}
            if promised != found:
                continue
            self._answer(data.name, rows, refused, forgotten)
            control.unlink()
            data.rename(self.till.root / "done" / data.name)
            taken.append(data.name)
        return taken

    def _answer(
        self,
        name: str,
        rows: list[dict[str, str]],
        refused: Mapping[str, str],
        forgotten: Collection[str],
    ) -> None:
        said = io.StringIO(newline="")
        answer = csv.writer(said, delimiter=";", lineterminator="\r\n")
        answer.writerow([KEY, "state", "words"])
        for row in rows:
            record = row[KEY]
            if record in forgotten:
                continue
            answer.writerow([record, "ERROR" if record in refused else "OK", refused.get(record)])
            if record not in refused:
                self.till.take(dict(row))
        self.write(name, said.getvalue().encode(ENCODING))

    def write(self, name: str, content: bytes) -> Path:
        """The answer to a file, whatever it says."""
        aside = self.till.root / "ack" / f".{name}"
        aside.write_bytes(content)
        return aside.replace(aside.with_name(f"{name}{self.suffix}"))


def _lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(ENCODING), newline=""), delimiter=";"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
