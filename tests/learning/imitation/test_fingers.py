"""What a network is shown of each finger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from policies.imitation.bc import BehaviourCloning
from policies.imitation.fingers import AHEAD, CELLS, NO_KEY, Fingers
from policies.imitation.methods import METHODS
from policies.imitation.normaliser import fitted
from policies.imitation.player import ImitationPlayer
from policies.imitation.sight import Shown
from policies.imitation.songs import Songs
from sim.pair import PairEnvironment, PairModel
from tests.learning.imitation.bundles import bundle_of
from tests.learning.imitation.store import TRAINED

KEYS, STATES, TIPS = 88, 165, 10


@pytest.fixture(scope="module")
def fingers(model: PairModel) -> Fingers:
    return Fingers(model)


@pytest.fixture
def shown(songs: Songs, fingers: Fingers) -> Shown:
    return Shown.of(songs.rollouts[TRAINED[1]], fingers)


def due(*keys: int) -> NDArray[np.int8]:
    """Goals with some keys due at every step ahead, shape ``(979,)``."""
    rows = np.zeros((11, KEYS), np.int8)
    rows[:, keys] = 1
    return np.concatenate([rows.ravel(), np.zeros(11, np.int8)])


def state(tips: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tips there, no key down, joints at zero."""
    return np.concatenate([np.zeros(KEYS + 1), tips.ravel(), np.zeros(46)]).astype(np.float32)


def spread(fingers: Fingers) -> NDArray[np.float32]:
    """Tips over ten keys around the middle of the piano, the left hand to the left."""
    return np.concatenate([fingers._places[44:49], fingers._places[31:36]]) + np.float32(0.002)


def test_each_due_key_has_the_nearest_finger(fingers: Fingers) -> None:
    matched = fingers.match(due(44, 31), state(spread(fingers))).reshape(len(AHEAD), TIPS)
    assert (matched == matched[0]).all()
    assert matched[0].tolist() == [44, *[NO_KEY] * 4, 31, *[NO_KEY] * 4]


def test_all_fingers_have_keys_where_more_are_due(fingers: Fingers) -> None:
    matched = fingers.match(due(*range(30, 50)), state(spread(fingers)))
    assert (matched != NO_KEY).all()
    assert not (fingers.match(due(), state(spread(fingers))) != NO_KEY).any()


def test_the_way_leads_to_the_key(fingers: Fingers) -> None:
    goals, tips = due(46), spread(fingers)
    matched = fingers.match(goals, state(tips))
    finger = int(np.flatnonzero(matched[:TIPS] == 46)[0])
    of_hand = fingers.see(goals, state(tips), matched).reshape(2, -1)[finger // 5]
    way = of_hand[4 * (finger % 5) :][:4]
    np.testing.assert_allclose(tips[finger] + way[:3], fingers._places[46], atol=1e-6)
    assert way[3] == 1.0


def test_a_hand_is_not_shown_what_the_other_one_does(fingers: Fingers) -> None:
    goals, tips = due(46, 33), spread(fingers)
    matched, raised = fingers.match(goals, state(tips)), tips.copy()
    raised[5:, 2] += 0.01  # the left hand's
    before, after = (
        fingers.see(goals, state(places), matched).reshape(2, -1) for places in (tips, raised)
    )
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[1] != after[1]).any()


def test_an_octave_up_is_the_same(shown: Shown, fingers: Fingers) -> None:
    """All that is shown is as seen from the hands; forearms are told how far to go."""
    goals, states = shown.rollouts.goals, shown.rollouts.states[0]
    rows = goals[:, : 11 * KEYS].reshape(len(goals), 11, KEYS)
    up = np.concatenate([np.roll(rows, 12, -1).reshape(len(goals), -1), goals[:, 11 * KEYS :]], -1)
    higher = states.copy()
    higher[:, :KEYS] = np.roll(states[:, :KEYS], 12, -1)
    higher[:, KEYS + 2 : KEYS + 1 + 3 * TIPS : 3] += fingers._octave_m
    higher[:, -46:][:, fingers._slides] += fingers._octave_m
    here, there = fingers.match(goals, states), fingers.match(up, higher)
    np.testing.assert_array_equal(np.where(here == NO_KEY, NO_KEY, here + 12), there)
    seen = fingers.see(goals, states, here)
    np.testing.assert_allclose(fingers.see(up, higher, there), seen, atol=1e-4)
    moved = fingers.origin(higher) - fingers.origin(states)
    assert sorted(np.unique(moved.round(6))) == [0.0, pytest.approx(fingers._octave_m, abs=1e-6)]


def test_cells_hold_each_key_that_is_near(fingers: Fingers) -> None:
    here = fingers._places[45:46, 1]
    rows = np.zeros((1, len(AHEAD), KEYS), np.bool_)
    rows[0, 2, [40, 45, 46]] = rows[0, 0, 87] = True
    cells = fingers._around(rows, here).reshape(2, len(AHEAD), CELLS)
    black = fingers._black[[40, 45, 46]]
    assert cells[0, 2].sum() == pytest.approx((~black).sum())
    assert cells[1, 2].sum() == pytest.approx(black.sum())
    assert cells[:, [0, 1, 3, 4]].sum() == 0.0  # the highest key is far away
    assert cells[int(fingers._black[45]), 2, CELLS // 2] == pytest.approx(1.0)


def test_forearms_are_told_how_far_to_go(shown: Shown, fingers: Fingers) -> None:
    rollout, step = np.array([[0], [1]]), np.array([[3, 4], [5, 6]])
    told = shown.done(rollout, step[:, :1], step)
    actions = shown.rollouts.actions[rollout, step]
    differ = np.flatnonzero(np.abs(told - actions).max(axis=(0, 1)))
    assert set(differ) <= set(fingers._moved)
    joints = shown.rollouts.states[rollout, step[:, :1]][..., -46:][..., fingers._slides]
    moved = told[..., fingers._moved] + joints
    np.testing.assert_allclose(moved, actions[..., fingers._moved], atol=1e-6)


def test_playing_shows_what_training_showed(
    songs: Songs, shown: Shown, model: PairModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = BehaviourCloning((8,), batch_size=8)
    monkeypatch.setitem(METHODS, "bc-fingers", method)
    normaliser = fitted([shown])
    shapes = method.shapes(normaliser.mean.size, len(model.action_names))
    parameters = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    bundle = replace(
        bundle_of(model, songs),
        method="bc-fingers",
        normaliser=normaliser,
        parameters=parameters,
    )
    environment = PairEnvironment(model, songs.goals[TRAINED[1]])
    environment.reset()  # as the rollouts began
    player = ImitationPlayer(bundle, model)
    player.reset(np.random.default_rng(0))
    action = player.act(environment, 0)
    first = shown.seen(np.array([0]), np.array([0]))
    np.testing.assert_allclose(player._seen[-1], normaliser.observed(first)[0], atol=1e-5)
    origin = shown.sight.origin(shown.rollouts.states[0, 0])
    wanted = np.clip(normaliser.action_mean + origin, model.action_low, model.action_high)
    np.testing.assert_allclose(action, wanted, atol=1e-6)
