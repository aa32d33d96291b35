"""From the callbacks' times to those of arrival."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.keyboard.arrival import LATEST_NS, ArrivalClock

MS = 1_000_000
TIMES = st.lists(st.integers(0, 2000), min_size=1, max_size=40).map(sorted)


def run(arrivals_ms: list[float], late_ms: list[float]) -> list[float]:
    """What the clock makes of messages of these times, in ms; the first delta is 0."""
    clock, found, before = ArrivalClock(), [], arrivals_ms[0]
    for arrival, late in zip(arrivals_ms, late_ms, strict=True):
        callback_ns = round((arrival + late) * MS)
        found.append(clock.arrival_ns(callback_ns, (arrival - before) / 1000) / MS)
        before = arrival
    return found


def test_a_late_callback_is_moved_back_to_where_its_message_arrived() -> None:
    assert run([100, 150, 200, 250], [1, 1, 41, 1]) == [101, 151, 201, 251]


def test_without_delay_nothing_moves() -> None:
    assert run([100, 105, 300], [0, 0, 0]) == [100, 105, 300]


def test_a_late_first_message_is_not_repaired_but_harms_no_other() -> None:
    assert run([100, 150, 200], [30, 1, 5]) == [130, 151, 201]


def test_slow_clocks_that_part_are_followed() -> None:
    """100 ppm for ten minutes are 60 ms: what vouches must be recent."""
    clock = ArrivalClock()
    for number in range(6000):
        callback_ns = number * 100 * MS
        found_ns = clock.arrival_ns(callback_ns, 0.1 * (1 - 1e-4) if number else 0.0)
        assert 0 <= callback_ns - found_ns <= 1.1 * MS


def test_deltas_that_make_no_sense_are_given_up() -> None:
    """All 0, as from a system that tells none: at worst half a second early, then right again."""
    clock = ArrivalClock()
    early_ns = [t * MS - clock.arrival_ns(t * MS, 0.0) for t in range(0, 5000, 50)]
    assert max(early_ns) <= LATEST_NS
    assert early_ns.count(0) > 5


@given(TIMES, st.data())
def test_never_after_the_callback_and_in_order(arrivals: list[int], data: st.DataObject) -> None:
    late = data.draw(st.lists(st.integers(0, 100), min_size=len(arrivals), max_size=len(arrivals)))
    callbacks = [a + d for a, d in zip(arrivals, late, strict=True)]
    latest = [max(callbacks[: n + 1]) for n in range(len(callbacks))]  # one thread: in order
    found = run(
        [float(a) for a in arrivals], [c - a for a, c in zip(arrivals, latest, strict=True)]
    )
    assert found == sorted(found)
    for arrival, stamp, callback in zip(arrivals, found, latest, strict=True):
        assert arrival - 1e-3 <= stamp <= callback + 1e-9


@given(st.lists(st.tuples(st.integers(0, 10**12), st.floats(0, 1e4)), max_size=40))
def test_any_deltas_give_a_time_not_after_the_callback(calls: list[tuple[int, float]]) -> None:
    clock, callback_ns = ArrivalClock(), 0
    for step_ns, raw_delta_s in calls:
        callback_ns += step_ns
        assert clock.arrival_ns(callback_ns, raw_delta_s) <= callback_ns
