"""A compiled rig as those see it who play it: keys that sound, joints that take targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim.keyboards import Keyboard
from sim.limits import TargetLimits

if TYPE_CHECKING:
    from sim.anyrig import AnyRig  # which knows all kinds of models

Floats = NDArray[np.float64]
Addresses = NDArray[np.intp]

PEDAL_DOWN = 0.5
"""Least target with which the pedal is down."""


def _none() -> Addresses:
    return np.zeros(0, np.intp)


@dataclass(frozen=True, kw_only=True)
class PlayableModel(ABC):
    """A compiled rig and where its named parts are, whatever hands it has.

    Attributes:
        mj: the compiled model; key joints come first in ``qpos``.
        rig: what it was made from.
        joint_names: actuated joints in action order.
        joint_qpos: addresses of the joints in ``qpos``, shape ``(n,)``.
        joint_qvel: addresses of the joints in ``qvel``, shape ``(n,)``.
        actuators: actuator of each joint, shape ``(n,)``.
        joint_low: lower joint limits, shape ``(n,)`` [m for slides, rad].
        joint_high: upper joint limits, shape ``(n,)``.
        key_qpos: slice of the keys in ``qpos`` and ``qvel``.
        key_geoms: geom of each key, shape ``(n_keys,)``.
        key_travel_rad: full travel of each key, shape ``(n_keys,)``.
        fingertip_sites: site at the centre of each playing fingertip, shape ``(n_fingers,)``.
        key_trigger: fraction of travel at which a rising key sounds, shape ``(n_keys,)``.
        key_release: fraction of travel at which it stops, shape ``(n_keys,)``.
        joint_offset: true joint position minus what the encoder reads, shape ``(n,)``; it acts on
            command and reading alike.
        command_delay_s: time from a target's sending to its effect, any number [s].
        coupled: columns of the servos that move two joints with one torque; what counts as their
            joint position is the sum of both, shape ``(m,)``.
        coupled_qpos: addresses of their second joints in ``qpos``, shape ``(m,)``.
        coupled_qvel: the same in ``qvel``.
        pedal: column of the sustain pedal, the last one; None for a rig without.
        forearm_sensor: where in ``sensordata`` it says how many contacts the forearms have with
            each other; None where fingertips are what may collide.
        tip_gap_m: least distance of the centres of neighbouring fingertips that do not touch.
    """

    mj: mujoco.MjModel
    rig: AnyRig
    joint_names: tuple[str, ...]
    joint_qpos: Addresses
    joint_qvel: Addresses
    actuators: Addresses
    joint_low: Floats
    joint_high: Floats
    key_qpos: slice
    key_geoms: Addresses
    key_travel_rad: Floats
    fingertip_sites: Addresses
    key_trigger: Floats
    key_release: Floats
    joint_offset: Floats
    command_delay_s: float = 0.0
    coupled: Addresses = field(default_factory=_none)
    coupled_qpos: Addresses = field(default_factory=_none)
    coupled_qvel: Addresses = field(default_factory=_none)
    pedal: int | None = None
    forearm_sensor: int | None = None
    tip_gap_m: float = 0.0

    @property
    @abstractmethod
    def keyboard(self) -> Keyboard:
        """The keyboard's geometry."""

    @property
    @abstractmethod
    def limits(self) -> TargetLimits:
        """What the rig's motors can make of a target."""

    @property
    def n_keys(self) -> int:
        """Number of keys."""
        return len(self.key_geoms)

    @property
    def n_joints(self) -> int:
        """Number of actuated joints: the size of an action."""
        return len(self.joint_names)

    @property
    def ramp_steps(self) -> NDArray[np.intp]:
        """Physics steps over which the rig's controllers interpolate, shape ``(n,)``; 1: none."""
        return np.ones(self.n_joints, np.intp)

    def positions(self, qpos: Floats) -> Floats:
        """Joint positions, shape ``(..., n)``, in states of shape ``(..., nq)``."""
        return _sums(qpos, self.joint_qpos, self.coupled, self.coupled_qpos)

    def velocities(self, qvel: Floats) -> Floats:
        """Joint velocities, shape ``(..., n)``, in states of shape ``(..., nv)``."""
        return _sums(qvel, self.joint_qvel, self.coupled, self.coupled_qvel)

    def put(self, qpos: Floats, positions: Floats) -> None:
        """Write joint positions, shape ``(..., n)``, into states; coupled joints take half each."""
        qpos[..., self.joint_qpos] = positions
        if len(self.coupled):
            halves = 0.5 * positions[..., self.coupled]
            qpos[..., self.joint_qpos[self.coupled]] = halves
            qpos[..., self.coupled_qpos] = halves


def _sums(values: Floats, first: Addresses, coupled: Addresses, second: Addresses) -> Floats:
    sums = values[..., first]
    if len(coupled):  # adding nothing would take time in every step
        sums[..., coupled] += values[..., second]
    return sums
