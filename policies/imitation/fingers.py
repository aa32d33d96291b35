"""Where each finger should go: due keys given to fingertips as RP1M's reward gives them.

An observation says which of 88 keys are due, and a network has to learn for each of them, and each
chord, what that means for the hands. Here it is shown the same from the hands: the way of each
finger to its key, what is due around each hand, nothing of where on the piano that is. So a chord
that was never played is like others, and an octave is like the next one. Forearms are told to move
so far along the keys from where they are, not to a place.

Fingers and keys are matched by least total distance, as in RP1M's fingering reward, anew for each
of a few steps ahead, from where the tips are now.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from policies.imitation.data import Floats
from policies.imitation.sight import Keys
from policies.planner.pair import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from score import LOOKAHEAD
from sim.pair import PairModel

AHEAD = (0, 1, 2, 4, 8)
"""Control steps ahead whose due keys are shown: 0 is due at the end of the coming one."""

NO_KEY = -1
"""Stands for the key of a finger that has none."""

FAR_M = 0.06
"""Ways longer than this are shown as this long."""

UNDER_M = 0.012
"""Keys whose middle is no farther from a tip sideways are under it."""

CELL_M, CELLS = 0.0118, 36
"""Half a white key, and how many of them are shown around each hand."""

APART_M = 0.3
"""Hands farther apart than this are shown as this far."""


class Fingers:
    """A ``Sight``: the way of each finger to its key, the posture, what is due around each hand."""

    def __init__(self, model: PairModel) -> None:
        """Take the rig: where keys are, and which numbers are where its forearms are."""
        places = KeyPlaces(model.rig.piano, PairPlanParameters())
        self._places, self._black = places.touching.astype(np.float32), places.black
        self._octave_m, self._n_keys = places.octave_m, model.n_keys
        self._n_tips, self._n_actions = len(model.fingertip_sites), len(model.action_names)
        names = [name for name in model.joint_names if name.endswith("forearm_tx")]
        self._slides = [model.joint_names.index(name) for name in names]
        self._moved = [model.action_names.index(name) for name in names]

    def match(self, goals: NDArray[np.generic], states: Floats) -> Keys:
        """The key of each finger at each step of ``AHEAD``, or ``NO_KEY``."""
        due, tips = self._due(goals), self._split(states)[1]
        matched = np.full((*due.shape[:-1], self._n_tips), NO_KEY, np.int8)
        for at in np.ndindex(states.shape[:-1]):
            matched[at] = self._match(due[at], tips[at])
        return matched.reshape(*states.shape[:-1], -1)

    def _match(self, due: NDArray[np.bool_], tips: Floats) -> Keys:
        apart = np.linalg.norm(tips[:, None] - self._places, axis=-1)
        matched = np.full((len(due), len(tips)), NO_KEY, np.int8)
        for step, row in enumerate(due):
            if step and np.array_equal(row, due[step - 1]):
                matched[step] = matched[step - 1]  # most steps: chords last
            elif len(keys := np.flatnonzero(row)):
                fingers, chosen = linear_sum_assignment(apart[:, keys])
                matched[step, fingers] = keys[chosen]
        return matched

    def see(self, goals: NDArray[np.generic], states: Floats, matched: Keys) -> Floats:
        """What the right hand is shown, then as much for the left; the pedal's goals in both."""
        lead = states.shape[:-1]
        goals, states = goals.reshape(-1, goals.shape[-1]), states.reshape(-1, states.shape[-1])
        (keys, tips, joints), pedal = self._split(states), states[:, self._n_keys, None]
        errands = self._errands(matched.reshape(len(tips), len(AHEAD), -1), tips)
        under, due = self._under(keys, tips), self._due(goals)
        still = np.split(np.delete(joints, self._slides, axis=1), 2, axis=1)
        middles = [own[..., 1].mean(axis=1, keepdims=True) for own in np.split(tips, 2, axis=1)]
        apart = np.clip(middles[0] - middles[1], -APART_M, APART_M)
        parts = []
        for hand, middle in enumerate(middles):
            own = slice(hand * self._n_tips // 2, (hand + 1) * self._n_tips // 2)
            parts += [
                errands[:, :, own].reshape(len(tips), -1),
                under[:, own].reshape(len(tips), -1),
                self._posture(tips[:, own], middle, still[hand]),
                apart,
                goals[:, -LOOKAHEAD - 1 :],
                pedal,
                self._around(due, middle[:, 0]),
            ]
        return np.concatenate(parts, axis=1, dtype=np.float32).reshape(*lead, -1)

    def origin(self, states: Floats) -> Floats:
        """Where the forearms are along the keys; 0 for all else."""
        origin = np.zeros((*states.shape[:-1], self._n_actions), np.float32)
        origin[..., self._moved] = self._split(states)[2][..., self._slides]
        return origin

    def _due(self, goals: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Keys due at each step of ``AHEAD``."""
        rows = goals[..., : -LOOKAHEAD - 1].reshape(*goals.shape[:-1], -1, self._n_keys)
        return rows[..., AHEAD, :].astype(np.bool_)

    def _split(self, states: Floats) -> tuple[Floats, Floats, Floats]:
        """Depths of keys, fingertips ``(..., n, 3)`` and joints."""
        ends = self._n_keys, self._n_keys + 1 + 3 * self._n_tips
        tips = states[..., ends[0] + 1 : ends[1]].reshape(*states.shape[:-1], self._n_tips, 3)
        return states[..., : ends[0]], tips, states[..., ends[1] :]

    def _errands(self, matched: Keys, tips: Floats) -> Floats:
        """Way of each finger to its key and whether it has one, ``(count, ahead, tips, 4)``."""
        ways = np.clip(self._places[matched] - tips[:, None], -FAR_M, FAR_M)
        has = (matched != NO_KEY)[..., None]
        return np.concatenate([ways * has, has], axis=-1)

    def _under(self, keys: Floats, tips: Floats) -> Floats:
        """How deep a key is under each tip, where in an octave the tip is, ``(count, tips, 3)``."""
        near = np.abs(tips[..., None, 1] - self._places[:, 1]) < UNDER_M
        phase = 2.0 * np.pi / self._octave_m * tips[..., 1]
        depth = (near * keys[:, None]).max(axis=-1)
        return np.stack([depth, np.sin(phase), np.cos(phase)], axis=-1)

    def _posture(self, tips: Floats, middle: Floats, still: Floats) -> Floats:
        """Tips from the middle of their hand, joints but for the place along the keys."""
        return np.concatenate([tips[..., 0], tips[..., 1] - middle, tips[..., 2], still], axis=1)

    def _around(self, due: NDArray[np.bool_], place: Floats) -> Floats:
        """White and black keys due in cells around a place, shared between the two nearest."""
        count, steps = due.shape[:2]
        cells = np.zeros((count, 2, steps, CELLS + 1), np.float32)
        row, step, key = np.nonzero(due)
        cell, share = np.divmod((self._places[key, 1] - place[row]) / CELL_M + CELLS // 2, 1.0)
        for shift, weight in ((0, 1.0 - share), (1, share)):
            to = cell.astype(int) + shift
            seen = (to >= 0) & (to < CELLS)
            where = (row, self._black[key].astype(int), step, to)
            np.add.at(cells, tuple(index[seen] for index in where), weight[seen])
        return cells[..., :CELLS].reshape(count, -1)
