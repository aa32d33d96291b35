"""Postures that no hand should be in: fingers through each other, a hand in the keyboard."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from sim import Rig, build_spec, key_name
from sim.model import index_model

Array = NDArray[np.float64]

CRUSH_M = 0.015
"""How far below a white key that is all the way down a hand may seem to be [m], or in its palm.
Plans with the wildest corrections reach 9 mm in the simulator, whose keys give way; a keyboard 3 mm
lower than thought, and encoders, add to it."""

CROSSED_M = 0.02
"""How far a fingertip may be on the wrong side of its neighbour [m]; wild corrections: 13 mm.

Links that overlap a little are no fault by themselves: by the hands' own collision shapes the links
of neighbouring fingers touch in 2 % of the steps of plans (docs/safety.md). Fingers that press
against each other are what current limits are for.
"""

CHECKS = 3
"""How many checks in a row have to find the same fault: one alone may be a misread joint."""

_PALM = "carriage"  # palm and parked joints are one with it
_LINK, _FLOOR = 1, 2  # bits of what may collide: links with links, and with the lowest key


class PostureCheck:
    """Measures how deep the hand is in itself and in the keyboard; 0.05 ms a posture.

    Of the keyboard it knows how low a key can go: what is below that is too deep anywhere.

    Args:
        rig: nominal geometry, tips and thumb included.
    """

    def __init__(self, rig: Rig) -> None:
        spec = build_spec(rig, visuals=True)
        spec.option.enableflags = 0  # what sleeps does not collide
        for geom in spec.geoms:
            hand = geom.parent.name not in _keys(rig)
            geom.contype, geom.conaffinity = (_LINK | _FLOOR, _LINK) if hand else (0, 0)
        spec.worldbody.add_geom(
            name="keyboard",
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            pos=[0, 0, _lowest_m(rig)],
            size=[1, 1, 1],
            contype=0,
            conaffinity=_FLOOR,
        )
        self._model = index_model(spec.compile(), rig)
        self._data = mujoco.MjData(self._model.mj)
        mj, self._complaints = self._model.mj, 0
        self._solid = np.isin(mj.geom_bodyid, [0, mj.body(_PALM).id])
        self._upwards = np.sign(np.diff(rig.keyboard.center_y[:2]))  # of y, going up in notes

    def depths(self, positions: Array) -> tuple[tuple[float, str], tuple[float, str]]:
        """How deep fingers are in each other, and in palm or keyboard [m]; with where, in words.

        Args:
            positions: of the actuated joints, shape `(n,)` [m for the rail, rad].
        """
        mj, data = self._model.mj, self._data
        data.qpos[self._model.joint_qpos] = positions
        mujoco.mj_kinematics(mj, data)
        mujoco.mj_collision(mj, data)
        fingers, solid = (0.0, ""), (0.0, "")
        for depth, geoms in zip(-data.contact.dist, data.contact.geom, strict=True):
            where = (float(depth), f"{self._name(geoms[0])} in {self._name(geoms[1])}")
            if self._solid[geoms].any():
                solid = max(solid, where)
            else:
                fingers = max(fingers, where)
        return fingers, solid

    def watch(self, positions: Array) -> str:
        """Call it about 20 times a second: what has been wrong for `CHECKS` calls in a row."""
        complaint = self.complaint(positions)
        self._complaints = self._complaints + 1 if complaint else 0
        return complaint if self._complaints >= CHECKS else ""

    def complaint(self, positions: Array) -> str:
        """What is wrong with a posture, in words; empty when nothing is."""
        fingers, solid = self.depths(positions)
        if fingers[0] > 0.0 and (self.gaps_m() < -CROSSED_M).any():
            return f"fingers cross: {fingers[1]}"
        if solid[0] > CRUSH_M:
            return f"the hand is pressed into something: {solid[1]}, {solid[0] * 1e3:.0f} mm deep"
        return ""

    def gaps_m(self) -> Array:
        """How far each fingertip of the last posture is above its lower neighbour, `(n - 1,)`."""
        tips = self._data.site_xpos[self._model.fingertip_sites]
        return np.asarray(self._upwards * np.diff(tips[:, 1]))

    def _name(self, geom: int) -> str:
        name = self._model.mj.body(self._model.mj.geom_bodyid[geom]).name
        return {_PALM: "palm", "world": "keyboard"}.get(name, str(name))


def _keys(rig: Rig) -> set[str]:
    return {key_name(key) for key in range(rig.keyboard.n_keys)}


def _lowest_m(rig: Rig) -> float:
    """Height of the front edge of a white key that is all the way down [m]."""
    shape = rig.keyboard.white_shape
    front_m = shape.body_x + shape.size[0] / 2 - shape.hinge_x
    return float(shape.body_z + shape.size[2] / 2 - front_m * np.sin(shape.max_angle_rad))
