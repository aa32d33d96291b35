"""Forward kinematics of hands from their tables alone, independent of the code under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim

DATA = Path(sim.__file__).parent / "data" / "hands"
Floats = NDArray[np.float64]


def table(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return content


def matrix(quat: list[float]) -> Floats:
    """Rotation matrix by the vector part formula: v + 2 w (u x v) + 2 u x (u x v)."""
    w, *u = np.array(quat) / np.linalg.norm(quat)
    columns = [v + 2 * w * np.cross(u, v) + 2 * np.cross(u, np.cross(u, v)) for v in np.eye(3)]
    return np.stack(columns, axis=1)


def poses_by_hand(name: str, angles: Mapping[str, float]) -> dict[str, tuple[Floats, Floats]]:
    """Rotation and position of every body; joints not in ``angles`` [rad] are at zero."""
    joints = {joint["body"]: joint for joint in table(name)["joints"]}
    poses: dict[str | None, tuple[Floats, Floats]] = {None: (np.eye(3), np.zeros(3))}
    for body in table(name)["bodies"]:
        turn, place = poses[body["parent"]]
        place = place + turn @ np.array(body["pos"])
        turn = turn @ matrix(body["quat"])
        if joint := joints.get(body["name"]):
            half = 0.5 * angles.get(joint["name"], 0.0)
            axis = np.array(joint["axis"]) / np.linalg.norm(joint["axis"])
            turn = turn @ matrix([np.cos(half), *(np.sin(half) * axis)])
        poses[body["name"]] = turn, place
    return {body: pose for body, pose in poses.items() if body is not None}
