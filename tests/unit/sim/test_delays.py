"""Targets on their way to the servos, of one rig and of many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.delays import DelayLine, DelayLines, in_physics_steps

delays = st.floats(0, 0.2)
seeds = st.integers(0, 99)


@pytest.mark.parametrize("steps", range(41))
def test_whole_steps_are_whole(steps: int) -> None:
    assert in_physics_steps(steps * 0.005) == steps
    assert in_physics_steps(steps / 200) == steps
    assert in_physics_steps(steps * 0.005 + 1e-4) == pytest.approx(steps + 0.02)


def test_a_target_acts_for_the_rest_of_the_step_it_arrives_in() -> None:
    line = DelayLine(np.zeros(1), 0.00625)
    assert [float(line(np.ones(1))[0]) for _ in range(4)] == [0.0, 0.75, 1.0, 1.0]


@settings(max_examples=50, deadline=None)
@given(delay_s=st.lists(delays, min_size=1, max_size=4), seed=seeds)
def test_many_lines_are_one_line_each(delay_s: list[float], seed: int) -> None:
    n, rng = len(delay_s), np.random.default_rng(seed)
    first, sent = rng.normal(size=(n, 1, 3)), rng.normal(size=(12, n, 3))
    lines = DelayLines(delay_s, 3)
    lines.fill(np.arange(n), first)
    singles = [DelayLine(first[i, 0], delay_s[i]) for i in range(n)]
    for targets in sent:
        expected = [
            [line(row) for _ in range(10)] for line, row in zip(singles, targets, strict=True)
        ]
        np.testing.assert_array_equal(lines.shift(targets), expected)


@settings(max_examples=20, deadline=None)
@given(delay_s=delays, seed=seeds)
def test_a_line_can_be_filled_with_what_was_sent_before(delay_s: float, seed: int) -> None:
    sent = np.random.default_rng(seed).normal(size=(9, 1, 2))
    whole, late = DelayLines([delay_s], 2), DelayLines([delay_s], 2)
    whole.fill(np.array([0]), np.zeros((1, 1, 2)))
    for targets in sent[:6]:
        whole.shift(targets)
    late.fill(np.array([0]), sent[5 - late.ages].swapaxes(0, 1))
    for targets in sent[6:]:
        np.testing.assert_array_equal(late.shift(targets), whole.shift(targets))
