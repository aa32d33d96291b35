"""Seconds of MIDI ticks: the tempo map, and frames of film time (SMPTE)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from fractions import Fraction

from score.errors import ScoreError

DEFAULT_TEMPO_US = 500_000
"""Microseconds per quarter note where a file names no tempo: 120 per minute."""

_SMPTE_RATES = {
    24: Fraction(24),
    25: Fraction(25),
    29: Fraction(30_000, 1001),  # "30 drop frame" of colour television
    30: Fraction(30),
}


def tick_clock(division: int, tempos: Iterable[tuple[int, int]]) -> Callable[[int], float]:
    """Make the function that turns a tick into seconds.

    Args:
        division: The header's time division: ticks per quarter note when positive; when negative
            (as a signed 16-bit number) minus the frames per second in the high byte and the
            ticks per frame in the low byte, and tempos have no meaning.
        tempos: Pairs of tick and microseconds per quarter note, in any order of ticks; of several
            on one tick the last one counts.

    Returns:
        A function from tick (0 or more) to seconds.

    Raises:
        ScoreError: When the division or a tempo is not one that MIDI knows.
    """
    if division < 0:
        return _smpte_clock(division)
    if division == 0:
        raise ScoreError("the header's time division is 0 ticks per quarter note")
    return _tempo_clock(division, tempos)


def _smpte_clock(division: int) -> Callable[[int], float]:
    rate, ticks = _SMPTE_RATES.get(-(division >> 8)), division & 0xFF
    if rate is None or ticks == 0:
        raise ScoreError(
            f"the header's time division 0x{division & 0xFFFF:04x} is no SMPTE frame rate"
        )
    return lambda tick: float(tick / (rate * ticks))


def _tempo_clock(division: int, tempos: Iterable[tuple[int, int]]) -> Callable[[int], float]:
    """Seconds by the tempo map; sums are exact integers of microseconds / `division`."""
    ticks, sums, paces = [0], [0], [DEFAULT_TEMPO_US]
    for tick, tempo_us in sorted(tempos, key=lambda change: change[0]):
        if tempo_us <= 0:
            raise ScoreError(f"the tempo at tick {tick} is 0 microseconds per quarter note")
        sums.append(sums[-1] + (tick - ticks[-1]) * paces[-1])
        ticks.append(tick)
        paces.append(tempo_us)

    def seconds(tick: int) -> float:
        i = bisect_right(ticks, tick) - 1
        return (sums[i] + (tick - ticks[i]) * paces[i]) / (division * 1_000_000)

    return seconds
