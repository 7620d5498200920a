"""The benchmarks of publishing prove that everything due was found, and everything sent arrived."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import Failed, Options, publish_calls, publish_diff, publish_pace

KINDS = ("shopify", "woocommerce", "hubspot", "soap", "files")
Row = dict[str, Any]


def measured(benchmark: Any, size: int) -> list[Row]:
    rows: list[Row] = benchmark.measure(Options(size, False, lambda words: None))
    return rows


def test_both_sides_find_those_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_diff, "TIMES", 1)
    first, *figures = measured(publish_diff, 3000)
    assert (first["metric"], first["baseline"]) == ("ratio", "bare anti-join")
    assert [row["metric"] for row in figures] == ["memory", "bare memory", "ledger anew", "ledger"]


def test_what_was_given_since_the_build_and_is_not_known_fails_it(tmp_path: Path) -> None:
    publish_diff.make(tmp_path, 2000)
    publish_diff.ours(tmp_path, 2000)
    newest = max((tmp_path / "journal" / "sends").iterdir())
    newest.unlink()  # the outcomes
    with pytest.raises(Failed, match="20 of 2000 customers"):
        publish_diff.ours(tmp_path, 2000)
    with pytest.raises(Failed, match="not those that changed"):
        publish_diff.theirs(tmp_path, 2200)


def test_no_tool_is_called_more_often_than_it_must_be() -> None:
    rows = {row["name"]: row for row in measured(publish_calls, 130) if row["metric"] == "ratio"}
    assert {name: row["value"] for name, row in rows.items()} == {
        f"publish_calls {kind}": 1.0 for kind in KINDS
    }
    # 130 records, then those with another city: two batches, and one
    assert rows["publish_calls hubspot"]["ours"] == 3


def test_writing_the_same_again_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_calls, "apart", lambda say, words, what, *rest: what(*rest))
    monkeypatch.setattr(publish_calls, "publish", lambda *_: dict.fromkeys(KINDS, (0, 0, 0)))
    with pytest.raises(Failed, match="calls that write"):
        measured(publish_calls, 3)


def test_the_limits_are_reached_and_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_pace, "LIMITS", (500.0, 2000.0, 6, 1.0))
    rows = measured(publish_pace, 2)
    assert [(row["name"], row["metric"]) for row in rows] == [
        (f"publish_pace {kind}", metric)
        for kind in ("shopify", "hubspot")
        for metric in ("share", "throttled")
    ]
    assert [row["value"] for row in rows[1::2]] == [0, 0]


def test_a_share_is_of_what_could_have_been_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_pace, "LIMITS", (100.0, 10.0, 4, 10.0))
    spent = [(float(second), 10.0) for second in range(21)]
    assert publish_pace.by_points(spent) == pytest.approx((210 - 100) / 10 / 20)
    with pytest.raises(Failed, match="never empty"):
        publish_pace.by_points(spent[:5])
    assert publish_pace.by_windows([(n * 2.5, 0.0) for n in range(9)]) == pytest.approx(1.0)
    bursts = [(window * 15.0 + n, 0.0) for window in range(3) for n in range(4)]
    assert publish_pace.by_windows(bursts) == pytest.approx(20 / 30)
    with pytest.raises(Failed, match="no window"):
        publish_pace.by_windows(bursts[:4])
