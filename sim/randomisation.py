"""Distributions over physics parameters, to train policies that bear being wrong about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.anyrig import build_playable
from sim.errors import ParameterError
from sim.parameters import PhysicsParameters, parameter_table
from sim.playable import PlayableModel

DEFAULT_FACTORS: Mapping[str, float] = {
    "finger_frictionloss_nm": 2.0,
    "finger_damping_nms_per_rad": 1.2,
    "finger_armature_kgm2": 1.3,
    "finger_stiffness_nm_per_rad": 1.25,
    "rail_friction_n": 2.0,
    "rail_damping_ns_per_m": 1.2,
    "rail_stiffness_n_per_m": 1.2,
    "rail_gain_damping_ns_per_m": 1.2,
    "key_stiffness_nm_per_rad": 1.5,
    "key_damping_nms_per_rad": 1.3,
    "tip_sliding_friction": 1.5,
    "contact_time_constant_s": 1.2,
}
"""Largest factor up or down, log-uniform: half the errors that users meet (design notes, §5)."""

DEFAULT_SHIFTS: Mapping[str, float] = {
    "command_delay_s": 0.01,
    "keyboard_x_m": 0.002,
    "keyboard_y_m": 0.0015,
    "keyboard_z_m": 0.002,
    "keyboard_yaw_rad": 0.004,
    "finger_gain_damping_nms_per_rad": 0.005,
    "key_friction_nm": 0.002,
    "key_trigger_fraction": 0.08,
    "key_release_fraction": 0.05,
    "joint_offset": 0.01,
    "joint_offset:rail": 0.0005,
}
"""Largest shift up or down, uniform; ``joint_offset`` stands for every finger joint [rad]."""


@dataclass(frozen=True)
class Randomisation:
    """Independent ranges of physics parameters.

    Attributes:
        center: values of what is not drawn.
        ranges: lowest and highest value by parameter name; both inside the table's bounds.
        logarithmic: names drawn log-uniformly, the others uniformly.
    """

    center: PhysicsParameters
    ranges: Mapping[str, tuple[float, float]]
    logarithmic: frozenset[str] = frozenset()

    @classmethod
    def around(cls, center: PhysicsParameters, width: float = 1.0) -> Randomisation:
        """The default ranges around a point; ``width`` 0.5 halves them."""
        ranges: dict[str, tuple[float, float]] = {}
        for entry in parameter_table(center.rig):
            value = center.values[entry.name]
            if factor := DEFAULT_FACTORS.get(entry.name):
                low, high = value / factor**width, value * factor**width
            else:
                kind = entry.name.split(":")[0]
                shift = DEFAULT_SHIFTS.get(entry.name, DEFAULT_SHIFTS.get(kind))
                if shift is None:
                    continue
                low, high = value - width * shift, value + width * shift
            ranges[entry.name] = (max(low, entry.low), min(high, entry.high))
        return cls(center, ranges, frozenset(DEFAULT_FACTORS))

    @classmethod
    def within(
        cls, center: PhysicsParameters, intervals: Mapping[str, tuple[float, float]]
    ) -> Randomisation:
        """Uniform within intervals, such as a calibration gives."""
        for name, (low, high) in intervals.items():
            center.with_values(**{name: low}).with_values(**{name: high})
        return cls(center, dict(intervals))

    def draw(self, rng: np.random.Generator) -> PhysicsParameters:
        """One set of parameters."""
        values = {}
        for name, (low, high) in self.ranges.items():
            if name in self.logarithmic and low > 0:
                values[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
            else:
                values[name] = float(rng.uniform(low, high))
        return self.center.with_values(**values)

    def draw_models(self, n: int, rng: np.random.Generator) -> list[PlayableModel]:
        """Compiled models with drawn parameters; a draw with unplayable keys is drawn again.

        Raises:
            ParameterError: nearly all draws are unplayable.
        """
        models: list[PlayableModel] = []
        refused = 0
        while len(models) < n:
            try:
                models.append(self.draw(rng).apply(build_playable(self.center.rig)))
            except ParameterError:
                refused += 1
                if refused > 10 * n:
                    raise
        return models
