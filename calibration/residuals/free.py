"""Which physics parameters are fitted, and how they become one vector for an optimiser."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.errors import CalibrationError
from sim import PhysicsParameters, Rig, parameter_table

Floats = NDArray[np.float64]

STATE_DELAY = "state_delay_s"
"""Age of the joint states when they are read: no parameter of the simulator, but fitted."""

OFFSET = "joint_offset:"

FACTORS: Mapping[str, tuple[float, float]] = {
    "finger_frictionloss_nm": (0.2, 5.0),
    "finger_damping_nms_per_rad": (0.4, 2.5),
    "finger_armature_kgm2": (0.5, 2.5),
    "finger_stiffness_nm_per_rad": (0.4, 2.0),
    "rail_friction_n": (0.2, 5.0),
    "rail_stiffness_n_per_m": (0.5, 2.0),
    "rail_gain_damping_ns_per_m": (0.4, 2.5),
    "key_stiffness_nm_per_rad": (0.4, 4.0),
    "key_damping_nms_per_rad": (0.4, 2.5),
    "tip_sliding_friction": (0.2, 2.0),
}
"""Lowest and highest value over the centre's; searched on a logarithmic scale."""

RANGES: Mapping[str, tuple[float, float]] = {
    "contact_time_constant_s": (0.01, 0.02),
    "command_delay_s": (0.0, 0.12),
    "keyboard_x_m": (-0.008, 0.008),
    "keyboard_y_m": (-0.008, 0.008),
    "keyboard_z_m": (-0.008, 0.008),
    "keyboard_yaw_rad": (-0.02, 0.02),
    "key_friction_nm": (0.0, 0.008),
    "key_trigger_fraction": (0.3, 0.9),
    "key_release_fraction": (0.15, 0.8),
    STATE_DELAY: (0.0, 0.05),
}
"""Lowest and highest value; searched on a linear scale."""

OFFSET_RAD = 0.05
"""Most that an encoder's zero is off [rad]; the rail's is part of the keyboard's position."""

HYSTERESIS = 0.02
"""Least distance from the release point up to the trigger, in travels: below it, keys chatter."""

FREE = (*FACTORS, *RANGES, OFFSET)
"""What is fitted: every name here, `joint_offset:` for all finger joints.

Back-EMF and gain damping of a joint are told apart only where its motor is at its limit, so they
are one total: of the fingers, whose damping is nearly all back-EMF, that one is fitted and the gain
stays nominal; of the rail the gain, and the back-EMF stays.
"""


@dataclass(frozen=True, eq=False)
class FreeParameters:
    """Between physics parameters and vectors whose entries go from 0 to 1 over the bounds.

    Attributes:
        names: Of the entries, in order; physics parameters and `state_delay_s`.
        center: Values of all that is not free; where a search starts.
        center_state_delay_s: The same of the state delay [s].
        bounds: Lowest and highest value of each entry, SI units, shape `(d, 2)`.
        logarithmic: Which entries are searched on a logarithmic scale, shape `(d,)` bool.
    """

    names: tuple[str, ...]
    center: PhysicsParameters
    center_state_delay_s: float
    bounds: Floats
    logarithmic: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        rig: Rig,
        names: Iterable[str] = FREE,
        center: PhysicsParameters | None = None,
        center_state_delay_s: float = 0.0,
    ) -> FreeParameters:
        """Free parameters of a rig.

        Bounds are those of this module around the rig's nominal values, within the table's.

        Args:
            rig: Whose.
            names: What to fit; `joint_offset:` stands for all finger joints.
            center: Values of all the rest, and where to start; the rig's own when left out.
            center_state_delay_s: Where to start with the state delay [s].

        Raises:
            CalibrationError: An unknown name.
        """
        fingers = [f"{OFFSET}{joint}" for joint in rig.joint_names[1:]]
        each = [n for name in names for n in (fingers if name == OFFSET else [name])]
        known = _all_bounds(rig)
        for name in each:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3)
                raise CalibrationError(f"'{name}' cannot be fitted; near: {', '.join(near)}")
        return cls(
            names=tuple(each),
            center=PhysicsParameters.nominal(rig) if center is None else center,
            center_state_delay_s=center_state_delay_s,
            bounds=np.array([known[name] for name in each]).reshape(-1, 2),
            logarithmic=np.array([name in FACTORS for name in each]),
        )

    @property
    def rig(self) -> Rig:
        """Whose parameters they are."""
        return self.center.hand_rig

    @property
    def size(self) -> int:
        """Number of entries `d`."""
        return len(self.names)

    @property
    def start(self) -> Floats:
        """The centre as a vector, shape `(d,)`."""
        return self.vector(self.center, self.center_state_delay_s)

    @property
    def beyond(self) -> tuple[str, ...]:
        """Names of the entries whose centre lies beyond their bounds: the start is at the bound."""
        known = {**self.center.values, STATE_DELAY: self.center_state_delay_s}
        ends = zip(self.names, self.bounds.tolist(), strict=True)
        return tuple(name for name, (low, high) in ends if not low <= known[name] <= high)

    def values(self, z: ArrayLike) -> Floats:
        """Values of the entries in SI units; beyond the bounds: at the bounds.

        Args:
            z: Shape `(..., d)`.
        """
        share = np.clip(np.asarray(z, np.float64), 0.0, 1.0)
        low, high = self.bounds.T
        ratio = np.where(self.logarithmic, high / np.where(self.logarithmic, low, 1.0), 1.0)
        return np.clip(
            np.where(self.logarithmic, low * ratio**share, low + share * (high - low)), low, high
        )

    def parameters(self, z: ArrayLike) -> PhysicsParameters:
        """Physics parameters of a vector, shape `(d,)`.

        The release point is kept below the trigger: every vector makes an instrument.
        """
        values = dict(zip(self.names, self.values(z).tolist(), strict=True))
        values.pop(STATE_DELAY, None)
        known = {**self.center.values, **values}
        highest = known["key_trigger_fraction"] - HYSTERESIS
        if known["key_release_fraction"] > highest:
            values["key_release_fraction"] = highest
        return self.center.with_values(**values)

    def state_delay_s(self, z: ArrayLike) -> float:
        """The state delay of a vector, shape `(d,)` [s]."""
        if STATE_DELAY not in self.names:
            return self.center_state_delay_s
        return float(self.values(z)[self.names.index(STATE_DELAY)])

    def vector(self, parameters: PhysicsParameters, state_delay_s: float = 0.0) -> Floats:
        """The vector of some physics parameters, shape `(d,)`; within 0 and 1."""
        known = {**parameters.values, STATE_DELAY: state_delay_s}
        low, high = self.bounds.T
        value = np.clip(np.array([known[name] for name in self.names]), low, high)
        log = self.logarithmic
        safe = np.where(log, low, 1.0)
        of_log = np.log(np.where(log, value, 1.0) / safe) / np.log(np.where(log, high / safe, 2.0))
        return np.where(log, of_log, (value - low) / (high - low))


def _all_bounds(rig: Rig) -> dict[str, tuple[float, float]]:
    """Bounds of everything that can be fitted, in SI units."""
    table = {entry.name: entry for entry in parameter_table(rig)}
    bounds = {
        name: (table[name].nominal * low, table[name].nominal * high)
        for name, (low, high) in FACTORS.items()
    }
    bounds |= RANGES
    bounds |= {name: (-OFFSET_RAD, OFFSET_RAD) for name in table if name.startswith(OFFSET)}
    return {
        name: (low, high)
        if name not in table
        else (max(low, table[name].low), min(high, table[name].high))
        for name, (low, high) in bounds.items()
    }
