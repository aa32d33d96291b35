"""From a fingering to where rail and fingertips should be at the end of every control step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from policies.planner.aside import aside_track, strike_asides
from policies.planner.fingering import Fingering
from policies.planner.parameters import PlanParameters, sideways_gap
from policies.planner.reach import Reach, key_points
from score import Goals, Press
from sim import Rig

Array = NDArray[np.float64]

_FREE, _MOVING, _DOWN = 0, 1, 2
_REACH_MARGIN_M = 0.008
_TAUT_ROUNDS = 400
_DEEPER_ROWS = 2


@dataclass(frozen=True)
class Motion:
    """References at the end of each control step.

    Attributes:
        rail: rail position, shape ``(T,)`` [m].
        tips: fingertip centres in the piano frame, shape ``(T, fingers, 3)`` [m].
        pressed: key each finger holds down, -1 for none, shape ``(T, fingers)``.
        pitch: angle of each last link below the horizontal, shape ``(T, fingers)`` [rad].
    """

    rail: Array
    tips: Array
    pressed: NDArray[np.intp]
    pitch: Array


def make_motion(
    goals: Goals, fingering: Fingering, rig: Rig, reach: Reach, parameters: PlanParameters
) -> Motion:
    """Hover, get ready, strike, hold and release every note with its finger."""
    rail = _rail_path(goals, fingering, rig, reach)
    builder = _Tips(goals.n_steps, rail, rig, reach, parameters)
    asides = strike_asides(goals, fingering.finger, builder.keys, rig, parameters)
    for index in range(len(rig.hand.fingers)):
        presses = [press for press in goals.presses if fingering.finger[press] == index]
        builder.play(index, presses)
        builder.tips[:, index, 1] += aside_track(presses, asides, goals.n_steps)
    builder.keep_apart()
    return Motion(rail, builder.tips, builder.pressed, builder.pitches())


def _rail_path(goals: Goals, fingering: Fingering, rig: Rig, reach: Reach) -> Array:
    """The shortest rail path through every chord's position that leaves held keys in reach.

    Each row allows the positions from which its held keys are reached; within these bounds the
    path is pulled taut: constant speed wherever nothing holds it back.
    """
    rail = np.interp(np.arange(goals.n_steps), fingering.rows, fingering.rail)
    low = np.full(goals.n_steps, rig.rail.range_m[0])
    high = np.full(goals.n_steps, rig.rail.range_m[1])
    for press, finger in fingering.finger.items():
        y, black = rig.keyboard.center_y[press.key], int(rig.keyboard.black[press.key])
        rows = slice(press.start, press.end)
        low[rows] = np.maximum(low[rows], y - reach.high[finger, black] + _REACH_MARGIN_M)
        high[rows] = np.minimum(high[rows], y - reach.low[finger, black] - _REACH_MARGIN_M)
    low[list(fingering.rows)] = high[list(fingering.rows)] = fingering.rail
    low, high = np.minimum(low, high), np.maximum(low, high)
    for _ in range(_TAUT_ROUNDS):
        rail[1:-1] = 0.5 * rail[1:-1] + 0.25 * (rail[:-2] + rail[2:])
        rail = np.clip(rail, low, high)
    return rail


class _Tips:
    """Fingertip references under construction, one finger after the other."""

    def __init__(
        self, n_steps: int, rail: Array, rig: Rig, reach: Reach, parameters: PlanParameters
    ) -> None:
        self.parameters, self.n_steps = parameters, n_steps
        self.keys = key_points(rig, parameters)
        self.travel, self.keyboard = rig.keyboard.travel_rad, rig.keyboard
        fingers = len(rig.hand.fingers)
        idle_z = rig.keyboard.white_shape.top_z + rig.hand.tip_radius_m + parameters.hover_m
        self.tips = np.empty((n_steps, fingers, 3))
        self.tips[..., 0] = parameters.strike_x_white_m
        self.tips[..., 1] = rail[:, None] + reach.neutral_y
        self.tips[..., 2] = idle_z
        self.pressed = np.full((n_steps, fingers), -1)
        self.duty = np.full((n_steps, fingers), _FREE)

    def play(self, finger: int, presses: list[Press]) -> None:
        """Write one finger's part."""
        idle = self.tips[:, finger].copy()
        for before, press in zip([None, *presses], presses, strict=False):
            self._approach(finger, idle, before, press)
            self._hold(finger, press)
        for before, press in pairwise(presses):
            self._hop(finger, before, press)
            self._pass_over(finger, before, press)

    def _approach(self, finger: int, idle: Array, before: Press | None, press: Press) -> None:
        """Come from idling to just above the key, and wait there."""
        p, key = self.parameters, self.keys[press.key]
        rise = p.rise_steps if before and before.key != press.key else 0
        first = max(before.end + rise if before else 0, press.start - p.approach_steps, 0)
        for row in range(first, press.start):
            left = press.start - row
            span = max(p.approach_steps - p.ready_steps, 1)
            w = 1.0 if left <= p.ready_steps else np.clip((p.approach_steps - left) / span, 0, 1)
            self.tips[row, finger, :2] = (1 - w) * idle[row, :2] + w * key[:2]
            high = max(idle[row, 2], key[2] + 0.7 * p.hover_m)
            self.tips[row, finger, 2] = (1 - w) * high + w * (key[2] + p.ready_m)
            self.duty[row, finger] = _MOVING

    def _hold(self, finger: int, press: Press) -> None:
        """Press, hold, and lift in the row after."""
        rows = slice(press.start, press.end)
        self.tips[rows, finger] = self._down(press.key, self.parameters.depth)
        self.pressed[rows, finger] = press.key
        self.duty[rows, finger] = _DOWN
        if press.end < self.n_steps:
            lift = np.array([0.0, 0.0, self.parameters.lift_m])
            self.tips[press.end, finger] = self.keys[press.key] + lift
            self.duty[press.end, finger] = _MOVING

    def _down(self, key: int, depth: float) -> Array:
        """Tip centre on a key pressed to a fraction of its travel, shape ``(3,)`` [m]."""
        lever = self.keys[key, 0] - self.keyboard.white_shape.hinge_x
        return self.keys[key] - [0.0, 0.0, lever * np.tan(self.travel[key] * depth)]

    def _hop(self, finger: int, before: Press, press: Press) -> None:
        """Move to the next key without time between: leave the note before early.

        The key left behind was pressed deeper, so that it still sounds while it comes up; the
        next one is struck deeper, so that it sounds sooner.
        """
        p, steps = self.parameters, self.parameters.hop_steps
        if press.key == before.key or press.start - before.end >= steps:
            return
        start, end = self.keys[before.key], self.keys[press.key]
        leave = max(press.start - steps, before.start + 1)
        deeper = slice(max(leave - _DEEPER_ROWS, before.start), leave)
        self.tips[deeper, finger] = self._down(before.key, p.hop_depth)
        self.tips[press.start, finger] = self._down(press.key, p.hop_depth)
        for i, row in enumerate(range(leave, press.start)):
            w = p.hop_share * (i + 1) / steps
            self.tips[row, finger, :2] = (1 - w) * start[:2] + w * end[:2]
            self.tips[row, finger, 2] = max(start[2], end[2]) + p.hop_m
            self.pressed[row, finger] = -1
            self.duty[row, finger] = _MOVING

    def _pass_over(self, finger: int, before: Press, press: Press) -> None:
        """Move to the next key in a rest too short for coming from idling."""
        p, rest = self.parameters, press.start - before.end
        if press.key == before.key or not p.hop_steps <= rest <= p.rise_steps:
            return
        start, end = self.keys[before.key], self.keys[press.key]
        for i, row in enumerate(range(before.end, press.start)):
            w = min(p.hop_share * (i + 1), 1.0)
            above = p.lift_m if w < 1.0 else p.ready_m
            self.tips[row, finger, :2] = (1 - w) * start[:2] + w * end[:2]
            self.tips[row, finger, 2] = max(start[2], end[2]) + above
            self.duty[row, finger] = _MOVING

    def keep_apart(self) -> None:
        """Push tips with less to do sideways until neighbours have room for tips and links."""
        y = self.tips[..., 1]
        for _ in range(3):
            for low in range(y.shape[1] - 1):
                high = low + 1
                ahead = self.tips[:, high, 0] - self.tips[:, low, 0]
                needed = sideways_gap(ahead, self.parameters)
                missing = np.maximum(needed - (y[:, high] - y[:, low]), 0)
                rank = np.sign(self.duty[:, low] - self.duty[:, high])
                y[:, high] += missing * np.choose(rank + 1, [0.0, 0.5, 1.0])
                y[:, low] -= missing * np.choose(rank + 1, [1.0, 0.5, 0.0])

    def pitches(self) -> Array:
        """Last-link angles: blended by how far forward a tip is."""
        p = self.parameters
        x = self.tips[..., 0]
        w = np.clip((p.strike_x_white_m - x) / (p.strike_x_white_m - p.strike_x_black_m), 0, 1)
        pitches: Array = (1 - w) * p.pitch_white_rad + w * p.pitch_black_rad
        return pitches
