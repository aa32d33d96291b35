"""The rig as a learning environment with the ``dm_env`` interface (docs/environment.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import dm_env
import mujoco
import numpy as np
from dm_env import specs
from numpy.typing import ArrayLike, NDArray

from score import CONTROL_STEP_S, LOOKAHEAD, Goals, KeyEvent
from sim.errors import SimError
from sim.pair.playable import PlayablePair
from sim.pair.reward import PairReward
from sim.playable import PlayableModel
from sim.rewards import (
    COLLISION_WEIGHT,
    ENERGY_COEFFICIENT,
    FINGER_CLOSE_ENOUGH_M,
    FINGER_MARGIN_M,
    KEY_CLOSE_ENOUGH,
    KEY_MARGIN,
    fingering_rewards,
    gaussian_tolerance,
    strike_points,
    sustain,
)
from sim.simulator import Simulator

Observation = dict[str, NDArray[Any]]


def check_goals(model: PlayableModel, goals: Goals) -> None:
    """See that goals were made for the rig's keyboard.

    Raises:
        SimError: they were made for another.
    """
    keyboard = model.keyboard
    if (goals.lowest_pitch, goals.n_keys) != (keyboard.lowest_pitch, keyboard.n_keys):
        raise SimError(
            f"{goals.name}: goals for {goals.n_keys} keys from pitch {goals.lowest_pitch}, but "
            f"{model.rig.name} has {keyboard.n_keys} from {keyboard.lowest_pitch}; make them anew"
        )


class Environment(dm_env.Environment):
    """One song on one simulated rig; an episode is the song, a step 0.05 s.

    Actions are joint targets [m for the rail, rad], shape ``(n,)``, limited by ``TargetLimits``.
    The reward is RP1M's Eq. 3: fingering + key press + sustain + 0.5 collision + energy, each
    term kept in ``reward_terms``. One hand has no pedal: it counts as up.

    Attributes:
        simulator: the rig.
        goals: the song.
        events: key events of the episode so far, in score time.
        pedal: whether the pedal was down in each step of the episode so far.
        reward_terms: terms of the last reward by name.
    """

    def __init__(self, model: PlayableModel, goals: Goals, start: ArrayLike | None = None) -> None:
        """Put a song on a rig.

        Args:
            model: the rig, with its physics parameters applied.
            goals: the song on that rig's keyboard.
            start: joint positions at score time 0, shape ``(n,)``; all zero by default.

        Raises:
            SimError: goals for another keyboard.
        """
        check_goals(model, goals)
        self.simulator, self.goals = Simulator(model), goals
        self._start = np.zeros(model.n_joints) if start is None else np.array(start, float)
        self._rewards = _step_reward(model, goals)
        self._limits = model.limits
        self.events: list[KeyEvent] = []
        self.pedal: list[bool] = []
        self.reward_terms: dict[str, float] = {}
        self._step, self._playing = 0, False

    def reset(self) -> dm_env.TimeStep:
        """Start the song."""
        self.simulator.reset(self._start)
        self.events, self.pedal, self.reward_terms = [], [], {}
        self._step, self._playing = 0, True
        self._targets = self._start.copy()
        return dm_env.restart(self._observation())

    def step(self, action: NDArray[np.float64]) -> dm_env.TimeStep:
        """Hold joint targets for a control step; before the start and after the end, reset."""
        if not self._playing:
            return self.reset()
        positions = self.simulator.joint_positions
        self._targets = self._limits.limit(action, self._targets, positions)
        self.events += self.simulator.advance(self._targets)
        self.pedal.append(self.simulator.pedal_down)
        self.reward_terms = self._rewards(self.simulator, self._step)
        reward = sum(self.reward_terms.values())
        self._step += 1
        if self._step >= self.goals.n_steps:
            self._playing = False
            return dm_env.termination(reward, self._observation())
        return dm_env.transition(reward, self._observation())

    def _observation(self) -> Observation:
        simulator = self.simulator
        return {
            "joint_positions": simulator.joint_positions,
            "joint_velocities": simulator.joint_velocities,
            "joint_targets": self._targets,
            "keys": simulator.keys_down.copy(),
            "goal": self.goals.lookahead(self._step).copy(),
            "score_time_s": np.array([self._step * CONTROL_STEP_S]),
        }

    def action_spec(self) -> specs.BoundedArray:
        """Joint targets within the joint limits."""
        model = self.simulator.model
        return specs.BoundedArray(
            (model.n_joints,), np.float64, model.joint_low, model.joint_high, "joint_targets"
        )

    def observation_spec(self) -> dict[str, specs.Array]:
        """Shapes and types of the observation's arrays."""
        n, keys = self.simulator.model.n_joints, self.simulator.model.n_keys
        return {
            **{
                name: specs.Array((n,), np.float64, name)
                for name in ("joint_positions", "joint_velocities", "joint_targets")
            },
            "keys": specs.BoundedArray((keys,), np.bool_, False, True, "keys"),
            "goal": specs.BoundedArray((LOOKAHEAD + 1, keys), np.bool_, False, True, "goal"),
            "score_time_s": specs.Array((1,), np.float64, "score_time_s"),
        }


class PairStepReward:
    """The published reward of two hands, with places as they are now."""

    def __init__(self, model: PlayablePair, goals: Goals) -> None:
        self._published = PairReward(replace(model.pair, mj=model.mj), goals)

    def __call__(self, simulator: Simulator, step: int) -> dict[str, float]:
        """Terms of the reward of the control step that just ended."""
        mj, data = simulator.model.mj, simulator.data
        mujoco.mj_kinematics(mj, data)
        depth, sounding = simulator.key_depth, simulator.keys_down
        return self._published(data, step, depth, sounding, simulator.pedal_down)


def _step_reward(
    model: PlayableModel, goals: Goals
) -> Callable[[Simulator, int], dict[str, float]]:
    if isinstance(model, PlayablePair):
        return PairStepReward(model, goals)
    return StepReward(model, goals)


class StepReward:
    """The reward of one step, with the goals prepared once.

    The same terms as ``sim.rewards``; a single due key, the usual case, is computed in plain
    Python because NumPy's call overhead would be a tenth of the physics.
    """

    def __init__(self, model: PlayableModel, goals: Goals) -> None:
        self._due = [np.flatnonzero(row).tolist() for row in goals.keys]
        self._goals, self._model = goals, model
        self._travel_rad: list[float] = model.key_travel_rad.tolist()
        self._geoms: list[int] = model.key_geoms.tolist()
        self._half_sizes = model.mj.geom_size[model.key_geoms]
        lift = strike_points(np.zeros_like(self._half_sizes), self._half_sizes)
        self._strike: list[list[float]] = lift.tolist()
        self._sustain: list[float] = sustain(goals.sustain, np.zeros(goals.n_steps)).tolist()
        self._touching = model.tip_gap_m**2

    def __call__(self, simulator: Simulator, step: int) -> dict[str, float]:
        """Terms of the reward of the control step that just ended."""
        due, tips = self._due[step], simulator.fingertips
        points: list[list[float]] = tips.tolist()
        return {
            "key_press": self._key_press(simulator, due),
            "fingering": self._fingering(simulator, due, points)
            if len(due) < 2
            else self._chord_fingering(simulator, tips, step),
            "sustain": self._sustain[step],
            "collision": self._collision(points),
            "energy": -ENERGY_COEFFICIENT * simulator.power_w,
        }

    def _key_press(self, simulator: Simulator, due: list[int]) -> float:
        wrong = not simulator.sounding_keys.issubset(due)
        pressed = 0.0
        for key in due:
            depth = float(simulator.data.qpos[key]) / self._travel_rad[key]
            pressed += gaussian_tolerance(
                1.0 - min(max(depth, 0.0), 1.0), KEY_CLOSE_ENOUGH, KEY_MARGIN
            )
        return 0.5 * pressed / max(len(due), 1) + 0.5 * (not wrong)

    def _fingering(self, simulator: Simulator, due: list[int], tips: list[list[float]]) -> float:
        """Of at most one key: the nearest finger's."""
        if not due:
            return 1.0
        x, y, z = simulator.data.geom_xpos[self._geoms[due[0]]].tolist()
        dx, dy, dz = self._strike[due[0]]
        squared = min(
            (tx - x - dx) ** 2 + (ty - y - dy) ** 2 + (tz - z - dz) ** 2 for tx, ty, tz in tips
        )
        return gaussian_tolerance(squared**0.5, FINGER_CLOSE_ENOUGH_M, FINGER_MARGIN_M)

    def _chord_fingering(self, simulator: Simulator, tips: NDArray[np.float64], step: int) -> float:
        centers = simulator.data.geom_xpos[self._model.key_geoms]
        goal = self._goals.keys[step][None]
        return float(fingering_rewards(goal, tips[None], centers, self._half_sizes)[0])

    def _collision(self, tips: list[list[float]]) -> float:
        """Worth having no two neighbouring fingertips in touch."""
        for (ax, ay, az), (bx, by, bz) in pairwise(tips):
            if (ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2 < self._touching:
                return 0.0
        return COLLISION_WEIGHT
