"""RP1M's reward of one control step of two hands."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from score import Goals
from sim.pair.model import PairModel
from sim.rewards import (
    COLLISION_WEIGHT,
    ENERGY_COEFFICIENT,
    FINGER_CLOSE_ENOUGH_M,
    FINGER_MARGIN_M,
    KEY_CLOSE_ENOUGH,
    KEY_MARGIN,
    gaussian_tolerance,
    strike_points,
    sustain,
)

Floats = NDArray[np.float64]


class PairReward:
    """The terms of ``sim.rewards``, for one environment: goals prepared once, few NumPy calls."""

    def __init__(self, model: PairModel, goals: Goals) -> None:
        self._model = model
        self._due = [np.flatnonzero(row) for row in goals.keys]
        self._strike = strike_points(np.zeros_like(model.key_half_sizes), model.key_half_sizes)
        pedal = np.array([[False], [True]])
        self._sustain: list[list[float]] = sustain(goals.sustain, pedal).tolist()
        self._two = (model.servo_dofs[0] != model.servo_dofs[1]).astype(float)
        right, left = model.forearm_geoms
        self._forearms = np.array([(a, b) for a in sorted(right) for b in sorted(left)])
        self._reach_m = model.mj.geom_rbound[self._forearms].sum(axis=1)

    def __call__(
        self,
        data: mujoco.MjData,
        step: int,
        depth: Floats,
        sounding: NDArray[np.bool_],
        pedal_down: bool,
    ) -> dict[str, float]:
        """Terms of the control step that just ended.

        Args:
            data: state of the simulator; places of bodies as they are now.
            step: which control step.
            depth: of every key, 0 to 1.
            sounding: which keys sound.
            pedal_down: whether the pedal is down.
        """
        due = self._due[step]
        return {
            "key_press": self._key_press(due, depth, sounding),
            "fingering": self._fingering(due, data),
            "sustain": self._sustain[int(pedal_down)][step],
            "collision": 0.0 if self._forearms_touch(data) else COLLISION_WEIGHT,
            "energy": -ENERGY_COEFFICIENT * self._power_w(data),
        }

    def _key_press(
        self, due: NDArray[np.intp], depth: Floats, sounding: NDArray[np.bool_]
    ) -> float:
        wrong = np.count_nonzero(sounding) > np.count_nonzero(sounding[due])
        close = [gaussian_tolerance(1.0 - d, KEY_CLOSE_ENOUGH, KEY_MARGIN) for d in depth[due]]
        return 0.5 * float(sum(close)) / max(len(due), 1) + 0.5 * (not wrong)

    def _fingering(self, due: NDArray[np.intp], data: mujoco.MjData) -> float:
        """Fingers and due keys matched with the least total distance (RP1M)."""
        if not len(due):
            return 1.0
        tips = data.site_xpos[self._model.fingertip_sites]
        points = data.geom_xpos[self._model.key_geoms[due]] + self._strike[due]
        apart = tips[:, None] - points
        distances = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
        matched = (
            [float(distances.min())]
            if len(due) == 1
            else distances[linear_sum_assignment(distances)].tolist()
        )
        close = [gaussian_tolerance(d, FINGER_CLOSE_ENOUGH_M, FINGER_MARGIN_M) for d in matched]
        return sum(close) / len(close)

    def _forearms_touch(self, data: mujoco.MjData) -> bool:
        """Contacts are looked for only where forearms are near enough."""
        places = data.geom_xpos[self._forearms]
        if (np.linalg.norm(places[:, 0] - places[:, 1], axis=-1) >= self._reach_m).all():
            return False
        mujoco.mj_collision(self._model.mj, data)
        right, left = self._model.forearm_geoms
        found = data.contact.geom.tolist()
        return any((a in right and b in left) or (a in left and b in right) for a, b in found)

    def _power_w(self, data: mujoco.MjData) -> float:
        first, second = self._model.servo_dofs
        velocity = data.qvel[first] + self._two * data.qvel[second]
        return float(np.abs(data.actuator_force[: len(first)]) @ np.abs(velocity))
