"""Targets of both hands for the coming step, from where they are: inverse kinematics and servos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.aims import TipAims
from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.misfit import Misfit
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.schedule import NO_KEY, Schedule
from policies.planner.pair.servos import Servos
from policies.planner.pair.strikes import Strikes
from score import CONTROL_STEP_S
from sim import PlayablePair
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ITERATIONS = 4
_STEP_RAD, _LIMIT_RAD = 0.25, 0.01
_MOST_OFF_M = 0.03
_LOOK_BACK = 0.5
"""Share of a step that the forearm's speed counts for."""


@dataclass(frozen=True)
class Hands:
    """Both hands and their piano in ``B`` environments, as they are before a step.

    Attributes:
        position: of the joints but the pedal, shape ``(B, n)`` [rad, m for slides].
        velocity: of the joints, same shape.
        tips: where the tips are, right hand first, shape ``(B, fingers, 3)`` [m].
        sounding: which keys sound, shape ``(B, n_keys)``.
    """

    position: Floats
    velocity: Floats
    tips: Floats
    sounding: Bools


@dataclass(frozen=True)
class Memory:
    """What a controller goes by from step to step; another one of the song can take it over.

    Attributes:
        released: key that each finger may still be down on, shape ``(B, fingers)``.
        more_force: what each finger adds to the force of its key, shape ``(B, fingers)``.
    """

    released: NDArray[np.int_]
    more_force: Floats


class Controller:
    """Plays a planned motion from the states that are really reached, in ``B`` environments."""

    def __init__(
        self,
        model: PlayablePair,
        hands: Mapping[str, HandKinematics],
        places: KeyPlaces,
        *,
        schedule: Schedule,
        planned: Floats,
        parameters: PairPlanParameters,
    ) -> None:
        self._hands = [hands[side] for side in SIDES]
        self._rules, self._schedule = parameters.rehearsal, schedule
        half = schedule.due.shape[1] // 2
        self._own = slice(0, half), slice(half, 2 * half)  # fingers of each hand
        self._misfit = Misfit(hands, model.keyboard, parameters)
        self._strikes = Strikes(schedule, places, parameters)
        self._servos, self._planned = Servos.of(model), planned
        self._low, self._high = model.joint_low[:-1], model.joint_high[:-1]
        self._spread = np.concatenate([self._spreads(hand) for hand in self._hands])
        self._forearms = np.concatenate(
            [np.char.startswith(hand.joint_names, "forearm") for hand in self._hands]
        ).nonzero()[0]
        self._feed = np.stack(
            [self._servos.follow(int(i), planned[:, i]) for i in self._forearms], 1
        )
        resting = np.concatenate([planned, planned[-1:]])  # a song of one step has a speed too
        self._speed = np.gradient(resting, axis=0)[:-1] / CONTROL_STEP_S
        keys = model.rig.keys
        bent_rad = model.key_travel_rad - keys.spring_reference_rad
        self._key_force_n = keys.stiffness_nm_per_rad * bent_rad / places.lever_m

    def begin(self, count: int) -> Memory:
        """What is remembered before the first step, in so many environments."""
        shape = count, self._schedule.due.shape[1]
        return Memory(np.full(shape, NO_KEY), np.zeros(shape))

    def _spreads(self, hand: HandKinematics) -> Floats:
        """How far joints may leave the plan for a cost of 1."""
        rules = self._rules
        own = {"forearm_tx": rules.across_m, "forearm_ty": rules.towards_m}
        own |= {"WRJ1": rules.wrist_rad, "WRJ2": rules.wrist_rad}
        return np.array([own.get(name, rules.finger_rad) for name in hand.joint_names])

    def __call__(self, step: int, hands: Hands, memory: Memory) -> tuple[Floats, Memory]:
        """Targets of all joints but the pedal, shape ``(B, n)``, and what is remembered then.

        Args:
            step: the coming control step.
            hands: as they are.
            memory: after the step before.
        """
        aims, released = self._strikes(step, hands.tips, memory.released)
        more_force = self._press_harder(step, hands.sounding, aims.pressing, memory.more_force)
        wanted = self._wanted(step, hands, aims)
        position, forearms = hands.position, self._forearms
        lag = self._servos.reach(wanted, position, hands.velocity) - position
        targets = position + self._rules.servo_gain * lag
        late = _LOOK_BACK * CONTROL_STEP_S * (hands.velocity - self._speed[step])
        error = wanted - position - late
        targets[:, forearms] = self._feed[step] + self._rules.forearm_gain * error[:, forearms]
        force = np.where(aims.pressing, self._rules.force_gain + more_force, 0.0)
        for hand, own in zip(self._hands, self._own, strict=True):
            force_n = force[:, own] * self._key_force_n[self._schedule.due[step, own]]
            targets[:, hand.columns] += self._against_keys(hand, force_n, wanted)
        return np.clip(targets, self._low, self._high), Memory(released, more_force)

    def _wanted(self, step: int, hands: Hands, aims: TipAims) -> Floats:
        """Joint positions at the end of the step that meet the tips' aims, near the plan."""
        position = hands.position
        for hand, own in zip(self._hands, self._own, strict=True):
            off = hands.tips[:, own] - hand.tips(position[:, hand.columns])
            aims.place[:, own] -= self._rules.tip_gain * np.clip(off, -_MOST_OFF_M, _MOST_OFF_M)
        of_each = [aims.of(own) for own in self._own]
        plan = self._planned[step]
        wanted, diagonal = (position + plan) / 2, np.arange(len(plan))
        for _ in range(_ITERATIONS):
            equations = self._misfit(wanted, of_each)
            beyond = np.maximum(self._low - wanted, 0.0) - np.maximum(wanted - self._high, 0.0)
            matrix, gradient = equations.matrix, equations.gradient
            matrix[:, diagonal, diagonal] += self._spread**-2 + (beyond != 0) / _LIMIT_RAD**2
            gradient += (plan - wanted) / self._spread**2 + beyond / _LIMIT_RAD**2
            change = np.linalg.solve(matrix, gradient[..., None])[..., 0]
            wanted = wanted + np.clip(change, -_STEP_RAD, _STEP_RAD)
        return np.clip(wanted, self._low, self._high)

    def _press_harder(
        self, step: int, sounding: Bools, pressing: Bools, more_force: Floats
    ) -> Floats:
        """A finger that presses a key in vain does so harder from step to step."""
        silent = pressing & ~self._schedule.strikes[step] & ~sounding[:, self._schedule.due[step]]
        more = np.minimum(more_force + self._rules.more_force, self._rules.most_force)
        return np.where(silent, more, more_force) * pressing

    def _against_keys(self, hand: HandKinematics, force_n: Floats, wanted: Floats) -> Floats:
        """What pressed keys push back, as a change of the hand's targets, shape ``(B, n)``.

        Args:
            hand: one of the hands.
            force_n: with which each finger presses, shape ``(B, fingers)``.
            wanted: joint positions of both hands, shape ``(B, n)``.
        """
        down = hand.points(wanted[:, hand.columns], 1).jacobian[:, :, 0, 2]
        push = -(force_n[:, None] @ down)[:, 0] / self._servos.stiffness[hand.columns]
        push[:, np.char.startswith(hand.joint_names, "forearm")] = 0.0  # strong enough as they are
        return push
