"""The benchmark of a pull over HTTP proves that every order arrived."""

from __future__ import annotations

import pytest

from benchmarks import Failed, Options, page_server, pull_http


def test_both_sides_read_every_order_of_both_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_http, "TIMES", 1)
    monkeypatch.setattr(pull_http, "WAIT", 0.001)
    first, second, *figures = pull_http.measure(Options(2500, False, lambda words: None))
    assert (first["metric"], first["baseline"], first["size"]) == ("ratio", "requests loop", 2500)
    assert (second["metric"], second["baseline"], second["size"]) == (
        "ratio",
        "requests loop, 1 ms a page",
        125,
    )
    assert {row["metric"] for row in figures} == {"seconds", "memory"}


def test_orders_that_are_lost_fail_it() -> None:
    with page_server.serving(250, 0.0) as url:
        with pytest.raises(Failed, match="251 orders were served"):
            pull_http.ours(url, 251, {})
        with pytest.raises(Failed, match="the loop saw"):
            pull_http.theirs(url, 251)
