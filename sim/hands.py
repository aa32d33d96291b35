"""Hands as data: kinematic trees of primitive shapes, read from JSON and added to a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import mujoco
import numpy as np

from sim.errors import RigError

HANDS = ("leap_right", "allegro_right", "shadow_right")
_COLOR = (0.16, 0.18, 0.22, 1.0)
_SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


@dataclass(frozen=True)
class Tip:
    """The end sphere of one finger.

    Attributes:
        finger: short name, e.g. ``if``.
        body: the body it sits on.
        center: centre of the sphere in the body frame [m].
        axis: unit vector from the last joint towards the apex, body frame.
    """

    finger: str
    body: str
    center: tuple[float, float, float]
    axis: tuple[float, float, float]


@dataclass(frozen=True)
class Hand:
    """One hand: bodies in tree order, joints by name, tips by finger.

    Attributes:
        name: name of the data file.
        bodies: body records (``name, parent, pos, quat, mass, inertial, collision``), SI units.
        joints: joint records by joint name (``body, axis, range``), in tree order.
        tips: fingertips.
    """

    name: str
    bodies: tuple[dict[str, Any], ...]
    joints: dict[str, dict[str, Any]]
    tips: tuple[Tip, ...]

    def joint_range(self, joint: str) -> tuple[float, float]:
        """Limits of a joint [rad]."""
        low, high = self.joints[joint]["range"]
        return float(low), float(high)

    def chain(self, body: str) -> list[dict[str, Any]]:
        """Body records from the root to ``body``."""
        by_name = {record["name"]: record for record in self.bodies}
        links = [by_name[body]]
        while links[0]["parent"] is not None:
            links.insert(0, by_name[links[0]["parent"]])
        return links


@cache
def hand_record(name: str) -> dict[str, Any]:
    """The content of a hand's data file, which nobody changes."""
    record: dict[str, Any] = json.loads(
        (resources.files("sim") / "data" / "hands" / f"{name}.json").read_text()
    )
    return record


@cache
def load_hand(name: str, variant: str | None = None) -> Hand:
    """Read a hand of the library.

    Args:
        name: one of ``HANDS``.
        variant: name of a variant in the data file whose bodies replace the standard ones.

    Raises:
        RigError: no such hand or variant.
    """
    if name not in HANDS:
        raise RigError(f"unknown hand '{name}'; the library has {', '.join(HANDS)}")
    data = hand_record(name)
    bodies = {record["name"]: record for record in data["bodies"]}
    if variant is not None:
        if variant not in data.get("variants", {}):
            known = ", ".join(data.get("variants", {})) or "none"
            raise RigError(f"hand '{name}' has no variant '{variant}'; it has {known}")
        for body, changes in data["variants"][variant]["bodies"].items():
            bodies[body] = bodies[body] | changes
    tips = tuple(
        Tip(tip["finger"], tip["body"], tuple(tip["center"]), tuple(tip["axis"]))
        for tip in data["tips"]
    )
    joints = {record["name"]: record for record in data["joints"]}
    return Hand(name, tuple(bodies.values()), joints, tips)


def add_hand(
    root: mujoco.MjsBody,
    hand: Hand,
    actuated: tuple[str, ...],
    parked: dict[str, float],
    visuals: bool,
) -> dict[str, mujoco.MjsBody]:
    """Add the hand's bodies under ``root`` and return them by name.

    Joints named in ``actuated`` become hinges; a joint in ``parked`` is welded at its angle
    [rad]; any other joint is welded at zero. ``visuals`` adds the links' shapes, which are seen
    but touch nothing: only fingertips do. Gravity is compensated, as the position
    controllers of such hands are tuned to do.
    """
    by_body = {record["body"]: record for record in hand.joints.values()}
    bodies: dict[str, mujoco.MjsBody] = {}
    for record in hand.bodies:
        parent = root if record["parent"] is None else bodies[record["parent"]]
        joint = by_body.get(record["name"])
        quat = unit(record["quat"])
        if joint is not None and joint["name"] not in actuated:
            quat = turned(quat, joint["axis"], parked.get(joint["name"], 0.0))
        body = parent.add_body(name=record["name"], pos=record["pos"], quat=quat, gravcomp=1.0)
        add_inertia(body, record)
        if joint is not None and joint["name"] in actuated:
            body.add_joint(
                name=joint["name"],
                type=mujoco.mjtJoint.mjJNT_HINGE,
                axis=joint["axis"],
                pos=joint["pos"],
                range=joint["range"],
                limited=True,
            )
        for shape in record["collision"] if visuals else ():
            add_shape(body, shape)
        bodies[record["name"]] = body
    return bodies


def unit(vector: Sequence[float]) -> np.ndarray:
    """Tables are rounded: quaternions and axes are made unit vectors again."""
    array = np.asarray(vector, float)
    return array / np.linalg.norm(array)


def turned(quat: np.ndarray, axis: Sequence[float], angle: float) -> np.ndarray:
    """The orientation after a hinge about ``axis`` has moved by ``angle`` [rad]."""
    turn, result = np.zeros(4), np.zeros(4)
    mujoco.mju_axisAngle2Quat(turn, unit(axis), angle)
    mujoco.mju_mulQuat(result, quat, turn)
    return result


def add_inertia(body: mujoco.MjsBody, record: Mapping[str, Any]) -> None:
    """Give a body the mass and inertia of its record."""
    body.explicitinertial = True
    body.mass = record["mass"]
    body.ipos = record["inertial"]["pos"]
    body.iquat = unit(record["inertial"]["quat"])
    body.inertia = record["inertial"]["diaginertia"]


def add_shape(body: mujoco.MjsBody, shape: Mapping[str, Any]) -> mujoco.MjsGeom:
    """Add a shape that is seen but touches nothing."""
    size = np.zeros(3)
    size[: len(shape["size"])] = shape["size"]
    return body.add_geom(
        type=_SHAPES[shape["type"]],
        size=size,
        pos=shape["pos"],
        quat=unit(shape.get("quat", [1, 0, 0, 0])),
        contype=0,
        conaffinity=0,
        rgba=_COLOR,
        group=1,
    )
