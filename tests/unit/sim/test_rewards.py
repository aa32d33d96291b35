"""Rewards against golden numbers of the published code, and their properties."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sim import rewards

DATA = Path(__file__).parents[2] / "data" / "rewards"
EXACT = 1e-9
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def cases(name: str) -> list[Any]:
    records = json.loads((DATA / f"press_reward_{name}.json").read_text())["cases"]
    return [pytest.param(case, id=case["name"]) for case in records]


def key_arrays(case: dict[str, Any]) -> tuple[Bools, Floats, Bools]:
    goal, active = np.zeros((2, case["n_keys"]), dtype=bool)
    goal[case["goal_keys"]] = True
    active[case["active_keys"]] = True
    return goal, np.array(case["key_norm"]), active


@pytest.mark.parametrize("case", cases("keys"))
def test_key_press_and_sustain_equal_robopianist(case: dict[str, Any]) -> None:
    expected = case["expected"]
    assert rewards.key_press(*key_arrays(case)) == pytest.approx(
        expected["rp_key_press"], abs=EXACT
    )
    pedal = rewards.sustain(np.array(case["goal_sustain"]), np.array(case["sustain_active"]))
    assert pedal == pytest.approx(expected["rp_sustain"], abs=EXACT)


@pytest.mark.parametrize("case", cases("energy"))
def test_energy_equals_robopianist(case: dict[str, Any]) -> None:
    force = np.array(case["right_force"] + case["left_force"])
    velocity = np.array(case["right_velocity"] + case["left_velocity"])
    got = rewards.energy(force, velocity, case["coef"])
    assert got == pytest.approx(case["expected"]["rp_energy"], rel=1e-12, abs=EXACT)


@pytest.mark.parametrize("case", cases("ot"))
def test_fingering_equals_rp1m(case: dict[str, Any]) -> None:
    expected = case["expected"]
    arrays = [np.array(case[k]) for k in ("fingertips", "key_center", "key_halfsize")]
    got = rewards.fingering(*arrays)
    assert got.fingers.tolist() == expected["assigned_finger"]
    assert got.keys.tolist() == expected["assigned_key_column"]
    np.testing.assert_allclose(got.distances, expected["distances"], rtol=0, atol=EXACT)
    assert got.reward == pytest.approx(expected["reward_code"], abs=EXACT)
    eq2 = rewards.fingering_eq2(*arrays)
    assert eq2.reward == pytest.approx(expected["paper_eq2"], abs=EXACT)


def test_key_press_and_energy_take_leading_axes() -> None:
    records = [p.values[0] for p in cases("keys") if p.values[0]["n_keys"] == 49][:48]
    goal, depth, active = (np.stack(a) for a in zip(*map(key_arrays, records), strict=True))
    expected = np.array([case["expected"]["rp_key_press"] for case in records])
    shaped = [a.reshape(6, 8, 49) for a in (goal, depth, active)]
    got = rewards.key_press(*shaped)
    assert got.shape == (6, 8)
    np.testing.assert_allclose(got.ravel(), expected, rtol=0, atol=EXACT)
    power = rewards.energy(depth, -depth, 2.0)
    np.testing.assert_allclose(power, -2.0 * (depth**2).sum(axis=1))


def points(n: st.SearchStrategy[int]) -> st.SearchStrategy[Floats]:
    values = st.floats(-0.3, 0.3)
    return hnp.arrays(np.float64, st.tuples(n, st.just(3)), elements=values)


HALF_SIZE = np.array([0.075, 0.011, 0.011])


def sizes(n: int) -> Floats:
    return np.tile(HALF_SIZE, (n, 1))


@given(points(st.integers(1, 10)), points(st.integers(0, 12)), st.randoms(use_true_random=False))
def test_fingering_is_in_range_and_ignores_order(
    tips: Floats, keys: Floats, random: Random
) -> None:
    got = rewards.fingering(tips, keys, sizes(len(keys)))
    assert 0.0 <= got.reward <= 1.0
    assert len(got.distances) == min(len(tips), len(keys))
    shuffled_tips = tips[random.sample(range(len(tips)), len(tips))]
    shuffled_keys = keys[random.sample(range(len(keys)), len(keys))]
    again = rewards.fingering(shuffled_tips, shuffled_keys, sizes(len(keys)))
    assert again.distances.sum() == pytest.approx(got.distances.sum(), abs=1e-12)
    eq2 = rewards.fingering_eq2(tips, keys, sizes(len(keys)))
    eq2_again = rewards.fingering_eq2(shuffled_tips, shuffled_keys, sizes(len(keys)))
    assert 0.0 <= eq2.reward <= 1.0
    assert eq2_again.reward == pytest.approx(eq2.reward, abs=EXACT)


@given(points(st.just(1)), st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_nearer_finger_is_never_worth_less(direction: Floats, near: float, far: float) -> None:
    length = np.linalg.norm(direction)
    assume(length > 1e-3)
    near, far = min(near, far), max(near, far)
    target = rewards.strike_points(np.zeros((1, 3)), sizes(1))
    for reward in (rewards.fingering, rewards.fingering_eq2):
        close = reward(target + direction / length * near, np.zeros((1, 3)), sizes(1))
        away = reward(target + direction / length * far, np.zeros((1, 3)), sizes(1))
        assert close.reward >= away.reward - 1e-12


@given(
    hnp.arrays(np.bool_, (7,)),
    hnp.arrays(np.float64, (7,), elements=st.floats(0, 1)),
    hnp.arrays(np.bool_, (7,)),
    st.integers(0, 6),
    st.floats(0, 1),
)
def test_pressing_a_due_key_deeper_never_costs(
    goal: Bools, depth: Floats, active: Bools, key: int, more: float
) -> None:
    goal[key] = True
    deeper = depth.copy()
    deeper[key] = max(depth[key], more)
    before = rewards.key_press(goal, depth, active)
    assert 0.0 <= before <= 1.0
    assert rewards.key_press(goal, deeper, active) >= before - 1e-12


def best_is_unique(cost: Floats) -> bool:
    """Whether leaving any matched pair out makes the matching clearly worse."""
    fingers, keys = linear_sum_assignment(cost)
    best = cost[fingers, keys].sum()
    for pair in zip(fingers, keys, strict=True):
        other = cost.copy()
        other[pair] = 1e3
        if other[linear_sum_assignment(other)].sum() - best < 1e-9:
            return False
    return True


@given(st.data())
def test_the_fast_path_equals_the_assignment(data: st.DataObject) -> None:
    n_envs, n_fingers, n_keys = 6, data.draw(st.integers(1, 5)), 5
    goal = data.draw(hnp.arrays(np.bool_, (n_envs, n_keys)))
    tips = data.draw(points(st.just(n_envs * n_fingers))).reshape(n_envs, n_fingers, 3)
    centers = data.draw(points(st.just(n_keys)))
    fast = rewards.fingering_rewards(goal, tips, centers, sizes(n_keys))
    moved = np.broadcast_to(centers, (n_envs, n_keys, 3))
    np.testing.assert_array_equal(rewards.fingering_rewards(goal, tips, moved, sizes(n_keys)), fast)
    for env in range(n_envs):
        due = np.flatnonzero(goal[env])
        target = rewards.strike_points(centers[due], sizes(len(due)))
        cost = np.linalg.norm(tips[env][:, None] - target, axis=-1)
        if best_is_unique(cost):
            slow = rewards.fingering(tips[env], centers[due], sizes(len(due)))
            assert fast[env] == pytest.approx(slow.reward, abs=1e-12)
