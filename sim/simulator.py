"""One simulated rig, stepped with joint targets, telling which keys sound and when."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from score import KeyEvent
from sim.delays import DelayLine
from sim.model import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL
from sim.playable import PEDAL_DOWN, PlayableModel
from sim.ramps import Ramp
from sim.sleep import keep_pressed_keys_awake


class Simulator:
    """A rig in MuJoCo behind the interface of a real one: targets in, joint states and keys out.

    A key sounds when its angle reaches the trigger and stops when it falls below the release
    fraction of its travel; both are looked at after every physics step, so key events
    are timed to 5 ms.

    Attributes:
        model: the rig.
        data: MuJoCo's state.
        time_s: seconds since reset.
        keys_down: which keys sound, shape ``(n_keys,)`` bool.
        sounding_keys: the same as a set.
    """

    def __init__(self, model: PlayableModel) -> None:
        self.model = model
        self.data = mujoco.MjData(model.mj)
        self._key_angles = self.data.qpos[model.key_qpos]
        self._key_torques = self.data.qfrc_applied[model.key_qpos]
        self._positions = _part(self.data.qpos, model.joint_qpos)
        self._velocities = _part(self.data.qvel, model.joint_qvel)
        if len(model.coupled):
            self._positions = partial(model.positions, self.data.qpos)
            self._velocities = partial(model.velocities, self.data.qvel)
        self._tips = _part(self.data.site_xpos, model.fingertip_sites)
        self._forces = _part(self.data.actuator_force, model.actuators)
        self._trigger_rad = model.key_trigger * model.key_travel_rad
        self._release_rad = model.key_release * model.key_travel_rad
        self._above = np.zeros(model.n_keys, bool)
        self._ramped = bool((model.ramp_steps > 1).any())
        self.reset()

    def reset(self, joint_positions: ArrayLike | None = None) -> None:
        """Start at rest, silent, with the joints at ``joint_positions`` (default: all zero)."""
        model, data = self.model, self.data
        mujoco.mj_resetData(model.mj, data)
        start = np.zeros(model.n_joints) if joint_positions is None else np.asarray(joint_positions)
        first, delay_s = start + model.joint_offset, model.command_delay_s
        model.put(data.qpos, first)
        data.ctrl[model.actuators] = first
        mujoco.mj_forward(model.mj, data)
        self._delay = DelayLine(first, delay_s) if delay_s else None
        self._ramp = Ramp(first, model.ramp_steps)
        self._steps = 0
        self.keys_down = np.zeros(model.n_keys, bool)
        self.sounding_keys: frozenset[int] = frozenset()
        self._sounding = self.keys_down.tobytes()
        self._thresholds = self._trigger_rad.copy()

    def resume(self, other: Simulator) -> None:
        """Go on from where another simulator of the same model is, bit for bit.

        Only for models without command delay and ramps, whose memory is not taken over.
        """
        mujoco.mj_copyData(self.data, self.model.mj, other.data)
        self._steps = other._steps
        self.keys_down, self.sounding_keys = other.keys_down.copy(), other.sounding_keys
        self._sounding, self._thresholds = other._sounding, other._thresholds.copy()

    @property
    def time_s(self) -> float:
        """Seconds since reset."""
        return self._steps * PHYSICS_STEP_S

    @property
    def joint_positions(self) -> NDArray[np.float64]:
        """What the encoders read, shape ``(n,)`` [m for the rail, rad]."""
        return self._positions() - self.model.joint_offset

    @property
    def joint_velocities(self) -> NDArray[np.float64]:
        """Joint velocities, shape ``(n,)`` [m/s for the rail, rad/s]."""
        return np.array(self._velocities())

    @property
    def power_w(self) -> float:
        """Mechanical power of the servos without recuperation: sum of |force| |velocity| [W]."""
        pairs = zip(self._forces().tolist(), self._velocities().tolist(), strict=True)
        return sum(abs(force * velocity) for force, velocity in pairs)

    @property
    def key_depth(self) -> NDArray[np.float64]:
        """How far each key is down, as a fraction of its travel, shape ``(n_keys,)``."""
        return np.clip(self._key_angles / self.model.key_travel_rad, 0.0, 1.0)

    @property
    def pedal_down(self) -> bool:
        """Whether the sustain pedal is down; of a rig without one it is up."""
        pedal = self.model.pedal
        return pedal is not None and bool(self.data.ctrl[self.model.actuators[pedal]] >= PEDAL_DOWN)

    @property
    def fingertips(self) -> NDArray[np.float64]:
        """Centres of the playing fingertips in the piano frame, shape ``(n_fingers, 3)`` [m].

        Like every position MuJoCo derives from the joints, they are those of the start of the last
        physics step, 5 ms before ``joint_positions``.
        """
        return self._tips()

    def step(self, targets: NDArray[np.float64]) -> list[KeyEvent]:
        """Advance one physics step towards joint targets, shape ``(n,)``; return key events."""
        sent = targets + self.model.joint_offset
        arrived = self._delay(sent) if self._delay else sent
        self.data.ctrl[self.model.actuators] = self._ramp(arrived) if self._ramped else arrived
        return self._step_physics(1)

    def advance(self, targets: NDArray[np.float64]) -> list[KeyEvent]:
        """Advance one control step (ten physics steps) with held targets."""
        events: list[KeyEvent] = []
        if self._delay or self._ramped:
            for _ in range(PHYSICS_STEPS_PER_CONTROL):
                events += self.step(targets)
            return events
        self.data.ctrl[self.model.actuators] = targets + self.model.joint_offset
        return self._step_physics(PHYSICS_STEPS_PER_CONTROL)

    def _step_physics(self, count: int) -> list[KeyEvent]:
        """Advance with the controls as they are. Local names, for this is the innermost loop."""
        events: list[KeyEvent] = []
        mj, data, step, compare = self.model.mj, self.data, mujoco.mj_step, np.greater_equal
        angles, thresholds, above = self._key_angles, self._thresholds, self._above
        if self._steps % PHYSICS_STEPS_PER_CONTROL == 0:
            keep_pressed_keys_awake(angles, self.model.key_travel_rad, self._key_torques)
        for _ in range(count):
            step(mj, data)
            self._steps += 1
            compare(angles, thresholds, above)
            if above.tobytes() != self._sounding:
                events += self._key_events()
        return events

    def _key_events(self) -> list[KeyEvent]:
        """What changed since the last physics step; thresholds follow: trigger or release."""
        changed = np.flatnonzero(self._above != self.keys_down)
        np.copyto(self.keys_down, self._above)
        np.copyto(self._thresholds, np.where(self._above, self._release_rad, self._trigger_rad))
        self._sounding = self._above.tobytes()
        self.sounding_keys = frozenset(np.flatnonzero(self._above).tolist())
        return [KeyEvent(self.time_s, int(key), bool(self._above[key])) for key in changed]


def _part(
    array: NDArray[np.float64], indices: NDArray[np.intp]
) -> Callable[[], NDArray[np.float64]]:
    """Reads the entries ``indices`` of a live array; without a copy where they lie in one run."""
    run = slice(int(indices[0]), int(indices[-1]) + 1)
    if np.array_equal(indices, np.arange(run.start, run.stop)):
        view = array[run]
        return lambda: view
    return lambda: array[indices]
