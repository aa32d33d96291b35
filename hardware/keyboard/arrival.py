"""When a message arrived, although Python heard of it later.

The callback that delivers a message has to wait for the interpreter. The MIDI system takes the
delta that it hands over before that wait, so the deltas tell how much later than its neighbours a
callback came.
"""

from __future__ import annotations

from collections import deque

WINDOW_NS = 10_000_000_000
"""How long a punctual message vouches for later ones [ns]: two quartz clocks (100 ppm) part by 1 ms
in that time."""

LATEST_NS = 500_000_000
"""No callback is later than this [ns]; if one seems so, the deltas are wrong and start anew."""


class ArrivalClock:
    """Moves the times of callbacks back to those of arrival.

    The sum of the deltas runs with the monotonic clock, apart from an offset, and a callback is
    never early: so the smallest difference between both in the last ten seconds is that of a
    message that hardly waited, and the others waited for what they exceed it by.
    """

    def __init__(self) -> None:
        self._raw_ns = 0
        self._last_ns = 0
        self._offsets: deque[tuple[int, int]] = deque()  # when, offset; ascending in both

    def arrival_ns(self, callback_ns: int, raw_delta_s: float) -> int:
        """Monotonic time at which a message arrived [ns].

        Never after its callback, never before the message before.

        Args:
            callback_ns: Monotonic time of its callback [ns].
            raw_delta_s: Seconds since the message before, as the MIDI system tells [s].
        """
        self._raw_ns += round(raw_delta_s * 1e9)
        offset_ns = self._smallest_offset(callback_ns, callback_ns - self._raw_ns)
        if callback_ns - (self._raw_ns + offset_ns) > LATEST_NS:
            self._offsets.clear()
            offset_ns = self._smallest_offset(callback_ns, callback_ns - self._raw_ns)
        self._last_ns = max(self._last_ns, self._raw_ns + offset_ns)
        return self._last_ns

    def _smallest_offset(self, now_ns: int, offset_ns: int) -> int:
        while self._offsets and self._offsets[-1][1] >= offset_ns:
            self._offsets.pop()
        self._offsets.append((now_ns, offset_ns))
        while now_ns - self._offsets[0][0] > WINDOW_NS:
            self._offsets.popleft()
        return self._offsets[0][1]
