"""HubSpot's two limits: requests in any ten seconds, and searches in any second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sandbox.hubspot.problems import too_many


class Limits:
    """Rolling windows over a clock in seconds; `searches` None leaves searches unlimited. `window`:
    seconds of the requests' one."""

    def __init__(
        self,
        requests: int,
        searches: int | None,
        clock: Callable[[], float],
        window: float = 10.0,
    ) -> None:
        self.requests, self.searches, self._clock = requests, searches, clock
        self.window = window
        self._asked: deque[float] = deque()
        self._searched: deque[float] = deque()

    def spend(self, *, search: bool) -> dict[str, str]:
        """The headers of an answer; raises Problem (429). Answers to searches carry none."""
        moment = self._clock()
        if search:
            if self.searches is not None and _used(self._searched, moment, 1) >= self.searches:
                raise too_many("SECONDLY")
            self._searched.append(moment)
        used = _used(self._asked, moment, self.window)
        if used >= self.requests:
            raise too_many("TEN_SECONDLY_ROLLING")
        self._asked.append(moment)
        if search:
            return {}
        return {
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self.window * 1000)),
            "X-HubSpot-RateLimit-Max": str(self.requests),
            "X-HubSpot-RateLimit-Remaining": str(self.requests - used - 1),
            "X-HubSpot-RateLimit-Daily": "1000000",
            "X-HubSpot-RateLimit-Daily-Remaining": "999000",
        }


def _used(moments: deque[float], now: float, seconds: float) -> int:
    while moments and moments[0] <= now - seconds:
        moments.popleft()
    return len(moments)
