"""A rig that obeys a world, behind the interface of the plain simulator."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hardware.errors import WorldError
from hardware.world.draws import Draws
from hardware.world.lines import CommandLine, StateLine
from hardware.world.physics import build_world_model
from hardware.world.play import Play, run_of
from hardware.world.world import World
from score import KeyEvent
from sim import PHYSICS_STEP_S, PHYSICS_STEPS_PER_CONTROL, Rig, Simulator

Array = NDArray[np.float64]

STRIBECK_RAD_PER_S = 0.2
"""Speed at which friction has fallen half its way from rest to motion."""

VELOCITY_64_M_PER_S = 0.3
"""Speed of a key's front that plays MIDI velocity 64."""

VELOCITY_PER_DOUBLING = 25.0
"""MIDI velocities between a speed and twice that speed."""


class WorldSimulator(Simulator):
    """A simulated rig with the hidden physics, the delays and the noise of a world.

    The same commands and the same trial give the same result, bit for bit; another trial draws
    other jitter and noise. A nominal world is the plain simulator. The faults of a world belong to
    the lines of the emulated rig and do not act here.

    Readings (`joint_positions`, `joint_velocities`) are late and noisy; the servos see the true
    encoders. Key events carry a velocity from the key's speed at the trigger.

    Attributes:
        world: its truth.
        trial: which draw of jitter and noise; every reset starts it from the beginning.
    """

    def __init__(self, rig: Rig, world: World, trial: int = 0) -> None:
        """Compile the rig.

        Raises:
            WorldError: the world is impossible with this rig, or there is no such trial.
        """
        if trial < 0:
            raise WorldError(f"trial {trial}: count trials from 0")
        self.world, self.trial = world, trial
        model = replace(build_world_model(rig, world), command_delay_s=0.0)  # delayed here
        mj, actuators = model.mj, model.actuators
        self._fingers = run_of(model.joint_qvel[1:])
        self._friction = mj.dof_frictionloss[self._fingers].copy()
        self._stiction = world.hand.stribeck * self._friction
        self._sticks = bool(self._stiction.any())
        self._back_emf = mj.dof_damping[model.joint_qvel].copy()
        self._gain = mj.actuator_gainprm[actuators, 0].copy()
        self._gain_damping = -mj.actuator_biasprm[actuators, 2]
        self._force_limit = mj.actuator_forcerange[actuators, 1].copy()
        self._current_limit: Array | None = None
        self._play: Play | None = None
        super().__init__(model)
        width = np.full(model.n_joints, world.hand.backlash_rad)
        width[0] = world.rail.backlash_m
        if width.any():
            self._play = Play(model, self.data, width)

    def reset(self, joint_positions: ArrayLike | None = None) -> None:
        """Start the trial at rest, silent, with the encoders reading ``joint_positions``."""
        super().reset(joint_positions)
        if self._play is not None:
            self._play.reset()
        draws = Draws(self.world, self.trial)
        encoders, timing = self._encoders(), self.world.timing
        longest = (timing.state_delay_s + timing.jitter_s) / PHYSICS_STEP_S
        self._commands = CommandLine(encoders[0], draws.command_delays())
        self._states = StateLine(encoders, draws.state_delays(), longest)
        self._noise = draws.noise(self.model.n_joints)
        self._read(encoders)

    @property
    def joint_positions(self) -> Array:
        """What is read, late and noisy, shape ``(n,)`` [m for the rail, rad]."""
        return self._reading[0]

    @property
    def joint_velocities(self) -> Array:
        """What is read, late and noisy, shape ``(n,)`` [m/s for the rail, rad/s]."""
        return self._reading[1]

    @property
    def motor_torques(self) -> Array:
        """Torque that the motors' currents make, shape ``(n,)`` [N for the rail, Nm].

        The model's actuator force is that of the motor at rest; moving, back-EMF takes its part.
        """
        data, model = self.data, self.model
        moving = self._back_emf * data.qvel[model.joint_qvel]
        return data.actuator_force[model.actuators] - moving

    def set_servos(
        self,
        torque_on: ArrayLike,
        torque_limits: ArrayLike,
        stiffness_scales: ArrayLike = 1.0,
        damping_scales: ArrayLike = 1.0,
    ) -> None:
        """Switch and set the servos from the next step on; reset leaves them as they are.

        Args:
            torque_on: which motors hold their joints; the others are limp, shape ``(n,)`` bool.
            torque_limits: most torque that their current limits let them make, shape ``(n,)`` [N
                for the rail, Nm]; what is above the motor's own limit limits nothing.
            stiffness_scales: of the position gain, over the one that the rig file means.
            damping_scales: the same of the velocity gain.
        """
        on = np.asarray(torque_on, bool)
        stiffness = np.where(on, self._gain * stiffness_scales, 0.0)
        mj, actuators = self.model.mj, self.model.actuators
        mj.actuator_gainprm[actuators, 0] = stiffness
        mj.actuator_biasprm[actuators, 1] = -stiffness
        mj.actuator_biasprm[actuators, 2] = -np.where(on, self._gain_damping * damping_scales, 0.0)
        limits = np.broadcast_to(np.asarray(torque_limits, float), on.shape)
        free = limits >= self._force_limit
        self._current_limit = None if free.all() else np.where(free, np.inf, limits)
        mj.actuator_forcerange[actuators] = np.stack([-self._force_limit, self._force_limit], -1)

    def step(self, targets: Array) -> list[KeyEvent]:
        """Send joint targets, shape ``(n,)``, and advance one physics step; return key events."""
        if self._sticks:
            self._set_friction()
        if self._current_limit is not None:
            self._limit_currents(self._current_limit)
        arrived = self._commands(targets)
        if self._play is None:
            events = super().step(arrived)
        else:
            events = super().step(arrived - self._play.offsets)
            self._play.step()
        self._read(self._states(self._encoders()))
        return [self._with_velocity(event) for event in events] if events else events

    def advance(self, targets: Array) -> list[KeyEvent]:
        """Advance one control step (ten physics steps) with held targets."""
        return [e for _ in range(PHYSICS_STEPS_PER_CONTROL) for e in self.step(targets)]

    def _encoders(self) -> Array:
        """The encoders' positions and velocities, now and exact, shape ``(2, n)``."""
        encoders = np.array((super().joint_positions, super().joint_velocities))
        if self._play is not None:
            encoders[0] += self._play.offsets
            encoders[1] += self._play.speeds
        return encoders

    def _read(self, encoders: Array) -> None:
        self._reading = encoders + next(self._noise)

    def _set_friction(self) -> None:
        """Friction falls with speed: F (1 + s / (1 + (v / v_s)^2)), after Hess and Soom (1990)."""
        slowness = self.data.qvel[self._fingers]
        slowness = slowness * slowness
        slowness *= 1 / STRIBECK_RAD_PER_S**2
        slowness += 1.0
        friction = self._stiction / slowness
        friction += self._friction
        self.model.mj.dof_frictionloss[self._fingers] = friction

    def _limit_currents(self, limit: Array) -> None:
        """A current limit holds for what is left of a motor's force after back-EMF."""
        moving = self._back_emf * self.data.qvel[self.model.joint_qvel]
        mj, actuators = self.model.mj, self.model.actuators
        most = self._force_limit
        mj.actuator_forcerange[actuators, 0] = np.clip(moving - limit, -most, most)
        mj.actuator_forcerange[actuators, 1] = np.clip(moving + limit, -most, most)

    def _with_velocity(self, event: KeyEvent) -> KeyEvent:
        if not event.down:
            return event
        shape = self.model.keyboard.shape(event.key)
        lever_m = shape.body_x + shape.size[0] / 2 - shape.hinge_x
        return replace(event, velocity=midi_velocity(self.data.qvel[event.key] * lever_m))


def midi_velocity(front_m_per_s: float) -> int:
    """MIDI velocity of a key whose front moves at a speed; 1 to 127.

    The MIDI standard leaves this to the makers of keyboards; loudness over speed is logarithmic on
    most of them.
    """
    doublings = math.log2(max(front_m_per_s, 1e-6) / VELOCITY_64_M_PER_S)
    return min(max(round(64 + VELOCITY_PER_DOUBLING * doublings), 1), 127)
