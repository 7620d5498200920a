"""The benchmark of long SOAP answers proves that both sides read all orders."""

from __future__ import annotations

import pytest

from benchmarks import Failed, Options, soap_stream


def test_both_sides_read_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap_stream, "TIMES", 1)
    first, *figures = soap_stream.measure(Options(12, False, lambda words: None))
    assert (first["metric"], first["baseline"]) == ("ratio", "zeep parse")
    assert {row["metric"] for row in figures} == {"as spoken", "memory"}


def test_orders_that_are_lost_fail_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = soap_stream.answer
    monkeypatch.setattr(soap_stream, "answer", lambda size, promised: whole(size - 1, promised))
    with pytest.raises(Failed, match="11 orders"):
        soap_stream.ours(12, promised=True)
