"""Replay: what is kept, what follows what, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from policies.learning.replay import Replay


def numbered(replay: Replay, first: int, count: int) -> None:
    """Rows whose features, actions and rewards are their number, environments 0.1 apart."""
    for row in range(first, first + count):
        here = np.array([[row], [row + 0.1]], np.float32)
        ended = np.array([row % 5 == 4, False])
        replay.append(here, here, here[:, 0], ended, here + 1)


def test_replay_keeps_the_last_steps_with_what_followed() -> None:
    replay = Replay(8, 2, 1, 1)
    numbered(replay, 0, 7)
    drawn = replay.draw(np.random.default_rng(0), (500,))
    assert replay.steps == 8
    assert set(np.unique(np.floor(drawn.rewards))) == {3.0, 4.0, 5.0, 6.0}
    np.testing.assert_array_equal(drawn.features, drawn.actions)
    np.testing.assert_allclose(drawn.following, drawn.features + 1, rtol=1e-6)
    np.testing.assert_array_equal(drawn.ended, drawn.rewards == 4.0)


def test_replay_draws_every_step_as_often() -> None:
    replay = Replay(20, 2, 1, 1)
    numbered(replay, 0, 25)
    drawn = replay.draw(np.random.default_rng(0), (100, 200)).rewards
    counts = np.unique(drawn.round(1), return_counts=True)[1]
    assert len(counts) == 20
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi square, 19 degrees, p = 0.001


def test_replay_never_joins_what_a_cut_parted() -> None:
    replay = Replay(40, 2, 1, 1)
    numbered(replay, 0, 3)
    replay.cut()
    numbered(replay, 100, 3)
    drawn = replay.draw(np.random.default_rng(0), (300,))
    assert replay.steps == 12
    np.testing.assert_allclose(drawn.following, drawn.features + 1, rtol=1e-6)
    assert set(np.unique(np.floor(drawn.rewards))) == {0.0, 1.0, 2.0, 100.0, 101.0, 102.0}


@pytest.mark.parametrize("count", [3, 30])
def test_replay_goes_on_from_its_state_as_if_nothing_had_happened(count: int) -> None:
    one, other = (Replay(20, 2, 1, 1) for _ in range(2))
    numbered(one, 0, count)
    numbered(other, 50, 13)  # is forgotten
    other.state = {name: array.copy() for name, array in one.state.items()}
    for replay in (one, other):
        replay.cut()
        numbered(replay, 200, 4)
    draws = [replay.draw(np.random.default_rng(1), (100,)) for replay in (one, other)]
    np.testing.assert_array_equal(draws[0].features, draws[1].features)
    np.testing.assert_array_equal(draws[0].following, draws[1].following)
