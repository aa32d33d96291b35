"""Targets of both hands for the coming step, from where they are: inverse kinematics and servos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.kinematics import HandKinematics
from policies.planner.pair.misfit import Misfit
from policies.planner.pair.parameters import PairPlanParameters
from policies.planner.pair.places import KeyPlaces
from policies.planner.pair.schedule import Schedule
from policies.planner.pair.servos import Servos
from policies.planner.pair.strikes import Strikes
from score import CONTROL_STEP_S
from sim import PlayablePair
from sim.pair.rig import SIDES

Floats = NDArray[np.float64]

_ITERATIONS = 4
_STEP_RAD, _LIMIT_RAD = 0.25, 0.01
_MOST_OFF_M = 0.03
_LOOK_BACK = 0.5
"""Share of a step that the forearm's speed counts for."""


@dataclass(frozen=True)
class Memory:
    """What a controller remembers of the steps before.

    Attributes:
        released: key that each finger may still be down on, shape ``(fingers,)``.
        more_force: what each finger adds to the force of its key, shape ``(fingers,)``.
    """

    released: NDArray[np.int_]
    more_force: Floats


class Controller:
    """Plays a planned motion from the states that are really reached."""

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
        self._more_force = np.zeros(schedule.due.shape[1])

    @property
    def memory(self) -> Memory:
        """What it goes by from step to step; another controller of the song can take it over."""
        return Memory(self._strikes.released.copy(), self._more_force)

    @memory.setter
    def memory(self, memory: Memory) -> None:
        self._strikes.released = memory.released.copy()
        self._more_force = memory.more_force

    def _spreads(self, hand: HandKinematics) -> Floats:
        """How far joints may leave the plan for a cost of 1."""
        rules = self._rules
        own = {"forearm_tx": rules.across_m, "forearm_ty": rules.towards_m}
        own |= {"WRJ1": rules.wrist_rad, "WRJ2": rules.wrist_rad}
        return np.array([own.get(name, rules.finger_rad) for name in hand.joint_names])

    def __call__(
        self,
        step: int,
        position: Floats,
        velocity: Floats,
        tips: Floats,
        sounding: NDArray[np.bool_],
    ) -> Floats:
        """Targets of all joints but the pedal, shape ``(n,)``.

        Args:
            step: the coming control step.
            position: of the joints, shape ``(n,)``.
            velocity: of the joints, shape ``(n,)``.
            tips: where the tips are, right hand first, shape ``(fingers, 3)`` [m].
            sounding: which keys sound, shape ``(n_keys,)``.
        """
        wanted = self._wanted(step, position, tips)
        lag = self._servos.reach(wanted, position, velocity) - position
        targets = position + self._rules.servo_gain * lag
        forearms = self._forearms
        error = wanted - position - _LOOK_BACK * CONTROL_STEP_S * (velocity - self._speed[step])
        targets[forearms] = self._feed[step] + self._rules.forearm_gain * error[forearms]
        self._press_harder(step, sounding)
        for index, hand in enumerate(self._hands):
            targets[hand.columns] += self._against_keys(step, index, hand, wanted)
        return np.clip(targets, self._low, self._high)

    def _wanted(self, step: int, position: Floats, tips: Floats) -> Floats:
        """Joint positions at the end of the step that meet the tips' aims, near the plan."""
        aims = self._strikes(step, tips)
        half = len(tips) // 2
        for index, (hand, aim) in enumerate(zip(self._hands, aims, strict=True)):
            ideal = hand.tips(position[None, hand.columns])[0]
            off = np.clip(
                tips[index * half : (index + 1) * half] - ideal, -_MOST_OFF_M, _MOST_OFF_M
            )
            aim.place[0] -= self._rules.tip_gain * off
        plan = self._planned[step]
        wanted, diagonal = (position + plan) / 2, np.arange(len(plan))
        for _ in range(_ITERATIONS):
            equations = self._misfit(wanted[None], aims)
            beyond = np.maximum(self._low - wanted, 0.0) - np.maximum(wanted - self._high, 0.0)
            matrix, gradient = equations.matrix[0], equations.gradient[0]
            matrix[diagonal, diagonal] += self._spread**-2 + (beyond != 0) / _LIMIT_RAD**2
            gradient += (plan - wanted) / self._spread**2 + beyond / _LIMIT_RAD**2
            wanted = wanted + np.clip(np.linalg.solve(matrix, gradient), -_STEP_RAD, _STEP_RAD)
        return np.clip(wanted, self._low, self._high)

    def _press_harder(self, step: int, sounding: NDArray[np.bool_]) -> None:
        """A finger that presses a key in vain does so harder from step to step."""
        due, pressing = self._schedule.due[step], self._strikes.pressing
        silent = pressing & ~self._schedule.strikes[step] & ~sounding[due]
        more = np.minimum(self._more_force + self._rules.more_force, self._rules.most_force)
        self._more_force = np.where(silent, more, self._more_force) * pressing

    def _against_keys(self, step: int, index: int, hand: HandKinematics, wanted: Floats) -> Floats:
        """What pressed keys push back, as a change of the hand's targets."""
        count = len(hand.fingers)
        own = slice(index * count, (index + 1) * count)
        fingers = np.flatnonzero(self._strikes.pressing[own])
        if not len(fingers):
            return np.zeros(hand.count)
        down = hand.points(wanted[None, hand.columns], 1).jacobian[0, fingers, 0, 2]
        gain = self._rules.force_gain + self._more_force[own][fingers]
        force_n = gain * self._key_force_n[self._schedule.due[step, own][fingers]]
        push = -(force_n @ down) / self._servos.stiffness[hand.columns]
        push[np.char.startswith(hand.joint_names, "forearm")] = 0.0  # strong enough as they are
        return push
