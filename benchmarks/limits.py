"""Measure what songs ask of a rig's motors, against the limits of targets and currents.

    python benchmarks/limits.py

Prints the tables of docs/limits.md and docs/safety.md: the most of every song, at its own and at
double tempo, of plans and of plans with the wildest corrections a policy can make.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from hardware.hand.joints import current_limits_a
from hardware.safety import Derating, motor_ratings
from hardware.safety.postures import PostureCheck
from policies import Plan, make_plan
from policies.features import Actions, Part
from score import Goals, load_song, make_goals, song_names
from sim import (
    PHYSICS_STEP_S,
    DynamixelDriver,
    RigModel,
    Simulator,
    TargetLimits,
    build_model,
    load_rig,
    rig_names,
)

Array = NDArray[np.float64]
TEMPOS = (1.0, 2.0)
LEAST_S = 60.0
"""Songs are repeated so long for the heat of the motors to settle."""


class Demand:
    """The most that was asked of one rig, so far.

    Attributes:
        reach: target minus position, shape `(n,)` [m for the rail, rad].
        step: target minus the one before, shape `(n,)`.
        heat: of the motors, over what they stand for ever.
        overlap_m: how deep links of fingers were in each other.
        swapped_m: how far a fingertip was on the wrong side of its neighbour; negative: never.
        sunk_m: how far the hand was below the lowest key.
    """

    def __init__(self, model: RigModel) -> None:
        self.reach, self.step = np.zeros(model.n_joints), np.zeros(model.n_joints)
        self.heat, self.overlap_m, self.swapped_m, self.sunk_m = 0.0, 0.0, -np.inf, 0.0
        self._looks, self._overlaps = 0, 0
        self._model, self._check = model, PostureCheck(model.rig)

    @property
    def overlapping(self) -> float:
        """Share of control steps in which links of fingers overlap."""
        return self._overlaps / self._looks

    def play(self, targets: Array, start: Array) -> None:
        """Play joint targets, shape `(T, n)`, and keep what they ask."""
        simulator, before, torques = Simulator(self._model), start, []
        simulator.reset(start)
        for held in targets:
            positions = simulator.joint_positions
            self._look(positions)
            self.reach = np.maximum(self.reach, abs(held - positions))
            self.step = np.maximum(self.step, abs(held - before))
            before = held
            for _ in range(10):
                simulator.step(held)
                torques.append(self._torques(simulator))
        self._warm(np.array(torques))

    def _look(self, positions: Array) -> None:
        fingers, solid = self._check.depths(positions)
        self._looks += 1
        self._overlaps += fingers[0] > 0.0
        self.overlap_m = max(self.overlap_m, fingers[0])
        self.sunk_m = max(self.sunk_m, solid[0])
        self.swapped_m = max(self.swapped_m, -float(self._check.gaps_m().min()))

    def _torques(self, simulator: Simulator) -> Array:
        """Motor torques: what is left of the servo's after back-EMF, shape `(n,)` [N, Nm]."""
        model = self._model
        back_emf = model.mj.dof_damping[model.joint_qvel]
        force = simulator.data.actuator_force[model.actuators]
        return np.asarray(force - back_emf * simulator.joint_velocities)

    def _warm(self, torques: Array) -> None:
        driver = self._model.rig.driver
        if not isinstance(driver, DynamixelDriver):
            return
        peaks_a = current_limits_a(self._model.rig)
        names = self._model.joint_names
        ratings = motor_ratings({name: peaks_a[name] for name in names}, driver.model)
        limits = np.array([self._model.mj.actuator_forcerange[a, 1] for a in self._model.actuators])
        currents_a = torques / limits * np.array([rating.peak_a for rating in ratings])
        derating = Derating(ratings)
        for repeat in range(int(LEAST_S / (len(torques) * PHYSICS_STEP_S)) + 1):
            for row, current_a in enumerate(currents_a):
                step = repeat * len(currents_a) + row
                derating.currents(round(step * PHYSICS_STEP_S * 1e9), current_a)
                self.heat = max(self.heat, float(derating.heat.max()))


def corrected(plan: Plan, model: RigModel, goals: Goals) -> Array:
    """The plan's targets, each joint as far off as a residual policy can get it."""
    part = Part.of(model.joint_low, model.joint_high, goals, plan)
    actions = Actions(part, model.joint_names, residual=True)
    extreme = np.random.default_rng(0).choice([-1.0, 1.0], plan.targets.shape)
    return actions.targets(extreme, np.arange(len(extreme)))


def measure(rig: str) -> Iterator[tuple[str, Demand]]:
    """What all songs together ask of a rig, by who plays."""
    model = build_model(load_rig(rig))
    keyboard = model.rig.keyboard
    for tempo, wild in product(TEMPOS, (False, True)):
        demand = Demand(model)
        for song in song_names():
            score = load_song(song).stretched(1.0 / tempo)
            goals = make_goals(score, keyboard.lowest_pitch, keyboard.n_keys)
            plan = make_plan(goals, model)
            demand.play(corrected(plan, model, goals) if wild else plan.targets, plan.start)
        yield f"{'corrected plans' if wild else 'plans'}, tempo x {tempo:g}", demand


def main() -> None:
    """Print both tables."""
    print("| rig | of | rail, reach / step [mm] | fingers, reach / step [rad] |\n|---|---|---|---|")
    seen = []
    for rig in rig_names():
        limits = TargetLimits.of(load_rig(rig))
        print(_row(rig, "**limit**", limits.reach, limits.step))
        for who, demand in measure(rig):
            print(_row(rig, who, demand.reach, demand.step), flush=True)
            seen.append((rig, who, demand))
    print("\n| rig | of | heat | tips swapped | below the keys | links overlap | steps |")
    print("|---|---|---|---|---|---|---|")
    for rig, who, demand in seen:
        heat = f"{demand.heat:.2f}" if demand.heat else "-"
        lengths = (demand.swapped_m, demand.sunk_m, demand.overlap_m)
        cells = [heat, *(f"{m * 1e3:.1f} mm" for m in lengths), f"{demand.overlapping:.0%}"]
        print(f"| {rig} | {who} |", " | ".join(cells), "|")


def _row(rig: str, who: str, reach: Array, step: Array) -> str:
    rail = f"{reach[0] * 1e3:.1f} / {step[0] * 1e3:.1f}"
    return f"| {rig} | {who} | {rail} | {reach[1:].max():.2f} / {step[1:].max():.2f} |"


if __name__ == "__main__":
    main()
