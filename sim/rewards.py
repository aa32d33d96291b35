"""Rewards of playing: keys, pedal, energy and fingering, as published.

Key-press, pedal and energy terms are those of RoboPianist (Zakka et al. 2023, arXiv:2304.04150),
the fingering term is the optimal-transport reward of RP1M (Zhao et al. 2024, arXiv:2408.11048). A
*depth* is the fraction of a key's travel, 0 at rest and 1 at the stop. Every term is per control
step: goals are what was due, everything else is read after the step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from dm_control.utils.rewards import tolerance
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

KEY_CLOSE_ENOUGH = 0.05
KEY_MARGIN = 0.5
FINGER_CLOSE_ENOUGH_M = 0.01
FINGER_MARGIN_M = 0.1
ENERGY_COEFFICIENT = 5e-3
"""Weight of the energy term (RoboPianist, RP1M Eq. 3)."""
COLLISION_WEIGHT = 0.5
"""Weight of the term for not touching oneself (RP1M Eq. 3): forearms there, and of one hand,
which has no other, fingertips here."""

# A key is struck 35 % of its half length towards the player, halfway from its centre to its top.
_STRIKE_POINT = np.array([0.35, 0.0, 0.5])
# exp(_EQ2_DECAY * d^2) is 0.1 at the margin, so that a single key earns the same by both formulas.
_EQ2_DECAY = np.log(0.1) / FINGER_MARGIN_M**2

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Fingering(NamedTuple):
    """Which finger goes to which due key, and what that is worth.

    Attributes:
        fingers: index of the finger of each matched pair, ascending, shape ``(n_pairs,)``.
        keys: row in the list of due keys of each matched pair, shape ``(n_pairs,)``.
        distances: fingertip to strike point of each pair, shape ``(n_pairs,)`` [m].
        reward: 0..1.
    """

    fingers: NDArray[np.intp]
    keys: NDArray[np.intp]
    distances: Floats
    reward: float


def key_press(goal: Bools, depth: Floats, active: Bools) -> Floats:
    """Half for how deep the due keys are, half for no wrong key down (RoboPianist).

    Args:
        goal: keys due, shape ``(..., n_keys)``.
        depth: depth of every key, 0..1, shape ``(..., n_keys)``.
        active: keys that sound, shape ``(..., n_keys)``.

    Returns:
        Reward 0..1, shape ``(...)``. A step without a due key is worth at most 0.5.
    """
    close = np.zeros(goal.shape)
    due = np.asarray(goal, dtype=bool)
    close[due] = tolerance(1.0 - depth[due], bounds=(0.0, KEY_CLOSE_ENOUGH), margin=KEY_MARGIN)
    pressed = close.sum(axis=-1) / np.maximum(due.sum(axis=-1), 1)
    wrong = (np.asarray(active, dtype=bool) & ~due).any(axis=-1)
    return np.asarray(0.5 * pressed + 0.5 * ~wrong)


def sustain(goal: NDArray[np.generic], active: NDArray[np.generic]) -> Floats:
    """How well the sustain pedal follows its goal.

    Args:
        goal: pedal due, 0 or 1 (or bool), shape ``(...)``.
        active: pedal down, 0 or 1 (or bool), shape ``(...)``.

    Returns:
        1 where they agree, 2.5e-4 where missed, 1e-4 where down unasked; shape ``(...)``.
    """
    error = np.asarray(goal, dtype=float) - np.asarray(active, dtype=float)
    return np.asarray(tolerance(error, bounds=(0.0, KEY_CLOSE_ENOUGH), margin=KEY_MARGIN))


def energy(force: Floats, velocity: Floats, coefficient: float) -> Floats:
    """Negative mechanical power of the actuators, without recuperation (RoboPianist).

    Args:
        force: actuator forces or torques of the last physics step, shape ``(..., n)`` [N] or [Nm].
        velocity: actuator velocities, shape ``(..., n)`` [m/s] or [rad/s].
        coefficient: weight; 0.005 in RoboPianist [1/W].

    Returns:
        Reward <= 0, shape ``(...)``.
    """
    power = (np.abs(force) * np.abs(velocity)).sum(axis=-1)
    return np.asarray(-coefficient * power)


def strike_points(key_centers: Floats, key_half_sizes: Floats) -> Floats:
    """Where a fingertip should meet each key.

    Args:
        key_centers: centres of the key boxes as they are now, shape ``(..., 3)`` [m]; x points to
            the player, z up.
        key_half_sizes: half sizes of the boxes, shape ``(..., 3)`` [m].

    Returns:
        Points inside the keys, shape ``(..., 3)`` [m].
    """
    return np.asarray(key_centers + _STRIKE_POINT * key_half_sizes)


def fingering(fingertips: Floats, key_centers: Floats, key_half_sizes: Floats) -> Fingering:
    """The optimal-transport fingering reward of RP1M, as its code computes it.

    Fingers and due keys are matched with the least total distance; the reward is the mean over the
    matched pairs of a Gaussian tolerance (1 within 10 mm, 0.1 at 110 mm). With more keys than
    fingers the keys left over do not count.

    Args:
        fingertips: shape ``(n_fingers, 3)`` [m].
        key_centers: centres of the keys due, as they are now, shape ``(n_due, 3)`` [m].
        key_half_sizes: half sizes of the keys due, shape ``(n_due, 3)`` [m].

    Returns:
        The matching and its reward; an empty one worth 1.0 when no key is due.
    """
    fingers, keys, distances = _match(fingertips, key_centers, key_half_sizes)
    reward = float(_finger_tolerance(distances).mean()) if len(distances) else 1.0
    return Fingering(fingers, keys, distances, reward)


def fingering_eq2(fingertips: Floats, key_centers: Floats, key_half_sizes: Floats) -> Fingering:
    """The fingering reward as RP1M's paper prints it (Eq. 2), on the total distance.

    1 where the total distance d is below 10 mm, else exp(c (d - 10 mm)^2). The paper leaves c open;
    here it gives a single key the same value as ``fingering``.

    Args:
        fingertips: shape ``(n_fingers, 3)`` [m].
        key_centers: centres of the keys due, as they are now, shape ``(n_due, 3)`` [m].
        key_half_sizes: half sizes of the keys due, shape ``(n_due, 3)`` [m].

    Returns:
        The matching and its reward; an empty one worth 1.0 when no key is due.
    """
    fingers, keys, distances = _match(fingertips, key_centers, key_half_sizes)
    beyond = max(float(distances.sum()) - FINGER_CLOSE_ENOUGH_M, 0.0)
    return Fingering(fingers, keys, distances, float(np.exp(_EQ2_DECAY * beyond**2)))


def fingering_rewards(
    goal: Bools, fingertips: Floats, key_centers: Floats, key_half_sizes: Floats
) -> Floats:
    """``fingering(...).reward`` of many environments at once.

    Environments with up to two keys due are solved in closed form without a loop; chords of three
    and more one by one.

    Args:
        goal: keys due, shape ``(n_envs, n_keys)``.
        fingertips: shape ``(n_envs, n_fingers, 3)`` [m].
        key_centers: centres of all keys, shape ``(n_envs, n_keys, 3)``, or ``(n_keys, 3)`` where
            shared [m].
        key_half_sizes: half sizes of all keys, shape ``(n_keys, 3)`` [m].

    Returns:
        Rewards 0..1, shape ``(n_envs,)``.
    """
    envs, keys = np.nonzero(goal)
    centers = key_centers[keys] if key_centers.ndim == 2 else key_centers[envs, keys]
    points = strike_points(centers, key_half_sizes[keys])
    distances = np.linalg.norm(fingertips[envs] - points[:, None], axis=-1)
    n_due = np.bincount(envs, minlength=len(goal))
    first = np.cumsum(n_due) - n_due  # row in `distances` of each environment's first key

    rewards = np.ones(len(goal))
    single, double = n_due == 1, (n_due == 2) & (fingertips.shape[1] > 1)
    rewards[single] = _finger_tolerance(distances[first[single]].min(axis=-1))
    rewards[double] = _best_pair(distances[first[double]], distances[first[double] + 1])
    for env in np.flatnonzero((n_due > 0) & ~single & ~double):
        cost = distances[first[env] : first[env] + n_due[env]]
        rewards[env] = _finger_tolerance(cost[linear_sum_assignment(cost)]).mean()
    return rewards


def gaussian_tolerance(distance: float, close: float, margin: float) -> float:
    """``dm_control``'s Gaussian tolerance of one non-negative number, bounds ``(0, close)``.

    Args:
        distance: what is judged.
        close: up to where it is worth 1.
        margin: how far beyond that it is worth 0.1.
    """
    return 1.0 if distance <= close else 0.1 ** (((distance - close) / margin) ** 2)


def _finger_tolerance(distances: Floats) -> Floats:
    return np.asarray(
        tolerance(distances, bounds=(0.0, FINGER_CLOSE_ENOUGH_M), margin=FINGER_MARGIN_M)
    )


def _match(
    fingertips: Floats, key_centers: Floats, key_half_sizes: Floats
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Matching of least total distance: fingers, keys, distances."""
    points = strike_points(np.reshape(key_centers, (-1, 3)), np.reshape(key_half_sizes, (-1, 3)))
    cost = np.linalg.norm(fingertips[:, None] - points, axis=-1)
    fingers, keys = linear_sum_assignment(cost)
    return fingers, keys, cost[fingers, keys]


def _best_pair(low: Floats, high: Floats) -> Floats:
    """Mean tolerance of the best two fingers for two keys; distances ``(n_envs, n_fingers)``.

    One of the two keys always gets its nearest finger, so only two matchings can be best.
    """
    rows = np.arange(len(low))
    nearest_low, nearest_high = low.argmin(axis=-1), high.argmin(axis=-1)
    second_low, second_high = low.copy(), high.copy()
    second_low[rows, nearest_high] = np.inf
    second_high[rows, nearest_low] = np.inf
    low_first = np.stack([low.min(axis=-1), second_high.min(axis=-1)])
    high_first = np.stack([second_low.min(axis=-1), high.min(axis=-1)])
    best = np.where(low_first.sum(axis=0) <= high_first.sum(axis=0), low_first, high_first)
    return np.asarray(_finger_tolerance(best).mean(axis=0))
