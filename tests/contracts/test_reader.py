"""A contract is read once for all the systems that share it, and anew when its file changed."""

from __future__ import annotations

from pathlib import Path

from contracts import load

TEXT = """
apiVersion: v3.1.0
id: small
schema:
  - name: things
    properties: [{name: id, logicalType: string, primaryKey: true}]
"""


def test_a_changed_contract_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "small.odcs.yaml"
    path.write_text(TEXT)
    first = load(path)
    assert load(path) is first
    path.write_text(TEXT.replace("things", "others"))
    assert list(load(path).tables) == ["others"]
    assert load(path).digest != first.digest
