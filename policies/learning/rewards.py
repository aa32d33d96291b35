"""The shaped reward: denser near a plan that is already good (docs/learning.md)."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.planner.parameters import PlanParameters, sideways_gap

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Alike: TypeAlias = Any
"""Arrays of NumPy, or of JAX."""

SHAPED_WEIGHTS = {
    "frame_f1": 1.0,
    "due": 0.3,
    "others": -0.9,
    "unasked": -0.5,
    "early": -0.5,
    "fingering": 0.1,
    "crowding": -0.3,
    "effort": -0.03,
    "change": -0.01,
}
"""What a unit of each term is worth."""

_CROWDED_M = 0.01
"""Lack of room from which crowding counts in full."""

EARLY_STEPS = 3
"""Physics steps of a note's first row after which it may sound: 35 ms before its onset. Without
that, and with a late note costing a whole row and an early one a third (the one before is still
due), learners strike so early that notes are lost to a tolerance of 50 ms."""

_MARGIN = 0.12
"""Travels past the trigger, or short of it, at which a key is safe."""


@dataclass(frozen=True)
class Outcome:
    """What a step in ``n`` environments led to.

    Attributes:
        goal: keys due, shape ``(n, n_keys)``.
        keys: keys that sound, shape ``(n, n_keys)``.
        trigger_margin: how far keys are past their trigger, in travels, shape ``(n, n_keys)``.
        asked: keys with the onset of a note within 50 ms of this step, shape ``(n, n_keys)``.
        onsets: how often each key began to sound, shape ``(n, n_keys)``.
        early: how many keys that are due for the first time sounded too soon in the row, shape
            ``(n,)``.
        fingering: the optimal-transport fingering reward, shape ``(n,)``.
        crowding: room that the links of fingers lack, shape ``(n,)``, see ``crowding``.
    """

    goal: Alike
    keys: Alike
    trigger_margin: Alike
    asked: Alike
    onsets: Alike
    early: Alike
    fingering: Alike
    crowding: Alike


def shaped_terms(
    xp: ModuleType, outcome: Outcome, actions: Alike, last_actions: Alike
) -> dict[str, Alike]:
    """Unweighted terms of a step, each of shape ``(n,)``.

    Args:
        xp: ``numpy``, or ``jax.numpy`` and everything else then JAX's.
        outcome: of the step.
        actions: what was done, shape ``(n, n_joints)``.
        last_actions: what was done in the step before.

    Returns:
        ``frame_f1`` of the step; ``due``, how safely due keys are down, -1..1; ``others``, how
        near the nearest other key is to its trigger, 0..1; ``unasked``, the number of onsets that
        no note asks for; ``early``; ``fingering``; ``crowding``; ``effort``, the mean squared
        action; ``change``, the mean squared difference to the last one.
    """
    goal, trigger_margin = outcome.goal, outcome.trigger_margin
    past = xp.clip(trigger_margin / _MARGIN, -1.0, 1.0)
    due = xp.where(goal, past, 0.0).sum(axis=1) / xp.maximum(goal.sum(axis=1), 1)
    others = xp.where(goal, -1.0, past).max(axis=1)
    return {
        "frame_f1": frame_f1(xp, goal, outcome.keys),
        "due": due,
        "others": xp.clip(others + 1.0, 0.0, 1.0),
        "unasked": xp.maximum(outcome.onsets - outcome.asked, 0).sum(axis=1).astype(float),
        "early": outcome.early,
        "fingering": outcome.fingering,
        "crowding": outcome.crowding,
        "effort": (actions**2).mean(axis=1),
        "change": ((actions - last_actions) ** 2).mean(axis=1),
    }


def crowding(tips: Array, parameters: PlanParameters) -> Array:
    """How far the closest neighbours are short of the room that tips and links need, 0..1.

    The simulator lets fingertips collide and nothing else, so nothing but this keeps a policy from
    pushing links of real fingers, which are wider, against each other.

    Args:
        tips: fingertips from low to high notes, shape ``(n, fingers, 3)`` [m].
        parameters: of the planner, with the rig's ``link_gap_m``.
    """
    apart = np.diff(tips, axis=1)
    lack = sideways_gap(apart[..., 0], parameters) - apart[..., 1]
    return np.asarray(np.clip(lack / _CROWDED_M, 0.0, 1.0).max(axis=1, initial=0.0))


def weighted(xp: ModuleType, terms: dict[str, Alike], fingering: bool) -> Alike:
    """The shaped reward, shape ``(n,)``, of its terms; an ablation leaves out the fingering."""
    counted = SHAPED_WEIGHTS if fingering else SHAPED_WEIGHTS | {"fingering": 0.0}
    return xp.stack([weight * terms[name] for name, weight in counted.items()]).sum(axis=0)


def frame_f1(xp: ModuleType, goal: Alike, keys: Alike) -> Alike:
    """Frame F1 of one step in each environment (``score.frame_scores``, row by row)."""
    right = (goal & keys).sum(axis=1)
    total = goal.sum(axis=1) + keys.sum(axis=1)
    return xp.where(total == 0, 1.0, 2 * right / xp.maximum(total, 1))


def first_rows(goals: Bools) -> Bools:
    """The row of every note in which it is due for the first time, shape of ``goals``."""
    silent = np.zeros((1, goals.shape[1]), bool)
    return np.asarray(goals & ~np.concatenate([silent, goals[:-1]]))


def asked_rows(goals: Bools) -> Bools:
    """The first row of every note and the one after: its onset and 50 ms about it.

    A row is what sounds when it ends, so a note that begins there is due in the row before its
    onset already; what begins another row before that is more than 50 ms early.

    Args:
        goals: keys due in each row, shape ``(T, n_keys)``.

    Returns:
        Of the same shape: rows in which an onset is no mistake.
    """
    first = first_rows(goals)
    return np.asarray(first | np.concatenate([np.zeros_like(first[:1]), first[:-1]]))
