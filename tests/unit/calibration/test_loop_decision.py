"""When the loop stops, and what training draws from meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.loop.decision import FLAT, RESOLVED, Gap, reason_to_stop
from calibration.loop.knowledge import SUREST, Knowledge
from sim import PhysicsParameters, Randomisation, load_rig, parameter_table

RIG = load_rig("leap_rail_49")
NOMINAL = PhysicsParameters.nominal(RIG)
SCORES = st.floats(0.0, 1.0)
PLAYED = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(SCORES, min_size=2, max_size=3), min_size=1
)


def reason(
    gap: Gap, *means: float, all_hit: bool = True, rounds: int = 3, used_s: float = 250.0
) -> str | None:
    limits = {"robot_time_s": used_s, "next_s": 160.0, "most_s": 600.0}
    return reason_to_stop(gap, means, all_hit=all_hit, rounds=rounds, **limits)


OPEN, CLOSED = Gap(0.1, 0.02), Gap(0.001, 0.004)


def test_a_round_follows_while_there_is_something_to_gain() -> None:
    assert reason(OPEN, 0.5) is None
    assert reason(OPEN, 0.5, 0.9) is None
    assert reason(OPEN, 0.9, 0.5) is None  # a round that lost calls for another one


def test_a_song_that_is_never_hit_is_no_success() -> None:
    """Not even where the simulator has learned to say so."""
    assert reason(CLOSED, 0.5, all_hit=False) is None


def test_every_reason_to_stop() -> None:
    assert "as good as the simulated" in str(reason(CLOSED, 0.98))
    assert "gained nothing" in str(reason(OPEN, 0.9, 0.9 + FLAT / 2))
    assert "all rounds" in str(reason(OPEN, 0.5, 0.7, 0.9))
    assert "robot time" in str(reason(OPEN, 0.5, 0.7, used_s=450.0))


def test_the_interval_of_a_gap_is_students() -> None:
    """By hand: mean 0.02, standard deviation 0.02 of four, t = 3.182."""
    gap = Gap.of({"a": 1.0, "b": 0.9}, {"a": [1.0, 0.96], "b": [0.9, 0.86]})
    assert gap.mean == pytest.approx(0.02)
    assert gap.half_width == pytest.approx(3.182446 * np.std([0, 0.04, 0, 0.04], ddof=1) / 2)


@given(PLAYED)
def test_a_gap_is_closed_only_when_it_is_small_and_known(played: dict[str, list[float]]) -> None:
    gap = Gap.of(dict.fromkeys(played, 0.9), played)
    real = np.concatenate(list(played.values()))
    assert gap.mean == pytest.approx(0.9 - real.mean())
    if gap.closed:
        assert real.mean() >= 0.9 - RESOLVED - 1e-9


def test_noise_does_not_pass_for_agreement() -> None:
    wide = Gap.of({"a": 0.9}, {"a": [0.5, 0.9]})
    assert wide.mean < wide.half_width
    assert not wide.closed


def test_without_a_fit_training_draws_from_all_that_users_meet() -> None:
    known = Knowledge.read(None, RIG)
    assert known.randomisation() == Randomisation.around(NOMINAL)


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_training_draws_from_the_intervals_within_reason(data: st.DataObject) -> None:
    """Never wider than ignorance, never narrower than what models leave out, always playable."""
    intervals = {}
    for entry in parameter_table(RIG):
        ends = st.floats(entry.low, entry.high)
        low, high = sorted((data.draw(ends), data.draw(ends)))
        value = NOMINAL.values[entry.name]
        intervals[entry.name] = (min(low, value), max(high, value))
    ranges = Knowledge(NOMINAL, intervals).randomisation().ranges
    widest = Randomisation.around(NOMINAL).ranges
    narrowest = Randomisation.around(NOMINAL, SUREST).ranges
    assert ranges.keys() == widest.keys()
    for name, (low, high) in ranges.items():
        assert widest[name][0] <= low <= narrowest[name][0] <= NOMINAL.values[name]
        assert NOMINAL.values[name] <= narrowest[name][1] <= high <= widest[name][1]
        least, most = intervals[name]
        assert low == pytest.approx(np.clip(least, widest[name][0], narrowest[name][0]))
        assert high == pytest.approx(np.clip(most, narrowest[name][1], widest[name][1]))
