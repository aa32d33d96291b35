"""RoboPianist's task with the ``dm_env`` interface: its steps, goals, key states and rewards."""

from __future__ import annotations

from typing import Any

import dm_env
import mujoco
import numpy as np
from dm_env import specs
from numpy.typing import ArrayLike, NDArray

from score import LOOKAHEAD, Goals
from sim.errors import SimError
from sim.key_states import key_depth, sounds_robopianist
from sim.model import PHYSICS_STEPS_PER_CONTROL
from sim.pair.model import PairModel
from sim.pair.reward import PairReward
from sim.playable import PEDAL_DOWN
from sim.sleep import keep_pressed_keys_awake

Observation = dict[str, NDArray[np.float64]]


class PairEnvironment(dm_env.Environment):
    """One song for two hands; an episode is the song, a step 0.05 s.

    Actions are servo targets [rad, m] of the right hand, of the left one, then the pedal. The
    reward is RP1M's Eq. 3: fingering + key press + sustain + 0.5 collision + energy. Positions and
    contacts are those after the step; a key sounds within half a degree of its stop.

    Attributes:
        model: the rig.
        goals: the song.
        data: MuJoCo's state.
        sounding: which keys sound, shape ``(n_keys,)``.
        reward_terms: terms of the last reward by name.
    """

    def __init__(self, model: PairModel, goals: Goals, start: ArrayLike | None = None) -> None:
        """Put a song on a rig.

        Args:
            model: the rig.
            goals: the song for its keyboard.
            start: joint positions at the beginning, shape ``(n_joints,)``; all zero by default.

        Raises:
            SimError: goals for another keyboard.
        """
        piano = model.rig.piano
        if (goals.lowest_pitch, goals.n_keys) != (piano.lowest_pitch, piano.n_keys):
            raise SimError(
                f"{goals.name}: goals for {goals.n_keys} keys from pitch {goals.lowest_pitch}, but "
                f"{model.rig.name} has {piano.n_keys} from {piano.lowest_pitch}; make them anew"
            )
        self.model, self.goals, self.data = model, goals, mujoco.MjData(model.mj)
        self._start = np.zeros(len(model.joint_names)) if start is None else np.array(start, float)
        self._rewards, self._travel_rad = PairReward(model, goals), model.key_travel_rad
        beyond = np.zeros(LOOKAHEAD, np.bool_)
        self._sustain_goals = np.concatenate([goals.sustain, beyond]).astype(float)
        self.sounding = np.zeros(model.n_keys, np.bool_)
        self.reward_terms: dict[str, float] = {}
        self._step, self._playing, self._pedal = 0, False, 0.0

    def reset(self) -> dm_env.TimeStep:
        """Start the song."""
        model, data = self.model, self.data
        mujoco.mj_resetData(model.mj, data)
        data.qpos[model.joint_qpos] = self._start
        mujoco.mj_kinematics(model.mj, data)
        self._step, self._playing, self._pedal = 0, True, 0.0
        self._look()
        return dm_env.restart(self.observation())

    def step(self, action: NDArray[np.float64]) -> dm_env.TimeStep:
        """Hold servo targets for a control step; before the start and after the end, reset."""
        if not self._playing:
            return self.reset()
        model, data = self.model, self.data
        data.ctrl[:] = action[:-1]
        self._pedal = float(np.clip(action[-1], 0.0, 1.0))
        keys = slice(0, model.n_keys)
        keep_pressed_keys_awake(data.qpos[keys], self._travel_rad, data.qfrc_applied[keys])
        mujoco.mj_step(model.mj, data, nstep=PHYSICS_STEPS_PER_CONTROL)
        mujoco.mj_kinematics(model.mj, data)  # places as they are now
        self._look()
        self.reward_terms = self._rewards(
            data, self._step, self._depth, self.sounding, self.pedal_down
        )
        reward = sum(self.reward_terms.values())
        self._step += 1
        if self._step < self.goals.n_steps:
            return dm_env.transition(reward, self.observation())
        self._playing = False
        return dm_env.truncation(reward, self.observation())

    def _look(self) -> None:
        angles = self.data.qpos[: self.model.n_keys]
        self._depth = key_depth(angles, self._travel_rad)
        self.sounding = sounds_robopianist(angles, self._travel_rad)

    @property
    def pedal_down(self) -> bool:
        """Whether the sustain pedal is down."""
        return self._pedal >= PEDAL_DOWN

    @property
    def fingertips(self) -> NDArray[np.float64]:
        """Right hand first, in the order of the rig's fingers, shape ``(n_tips, 3)`` [m]."""
        return self.data.site_xpos[self.model.fingertip_sites]

    def observation(self) -> Observation:
        """What a policy sees; after the last step the goal is still the last one."""
        step = min(self._step, self.goals.n_steps - 1)
        return {
            "goal": self.goals.lookahead(step).astype(float),
            "sustain_goal": self._sustain_goals[step : step + LOOKAHEAD + 1].copy(),
            "keys": self._depth,
            "sustain": np.array([self._pedal]),
            "fingertips": self.fingertips,
            "joints": self.data.qpos[self.model.joint_qpos],
        }

    def action_spec(self) -> specs.BoundedArray:
        """Servo targets and pedal within their ranges."""
        model = self.model
        return specs.BoundedArray(
            model.action_low.shape, np.float64, model.action_low, model.action_high, "action"
        )

    def observation_spec(self) -> dict[str, specs.Array]:
        """Shapes and types of the observation's arrays, in the order of RP1M's Table III."""
        keys, tips = self.model.n_keys, len(self.model.fingertip_sites)
        shapes: dict[str, Any] = {
            "goal": (LOOKAHEAD + 1, keys),
            "sustain_goal": (LOOKAHEAD + 1,),
            "keys": (keys,),
            "sustain": (1,),
            "fingertips": (tips, 3),
            "joints": (len(self.model.joint_names),),
        }
        return {name: specs.Array(shape, np.float64, name) for name, shape in shapes.items()}


def flat(observation: Observation) -> NDArray[np.float64]:
    """An observation as one vector in the layout of RP1M's Table III: 1144 numbers of two hands.

    Goals of 88 keys at 11 steps, of the pedal at 11 steps, depths of the keys, pedal, fingertips
    (x, y, z of each), joints.
    """
    return np.concatenate([part.ravel() for part in observation.values()])
