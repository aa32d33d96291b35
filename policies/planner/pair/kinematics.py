"""Forward kinematics of a whole hand on its forearm, for all steps of a song at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.planner.kinematics import homogeneous, parked
from sim import PlayablePair
from sim.pair.hands import PairHand, Record

Floats = NDArray[np.float64]

POINTS = 4
"""Points of a finger: its tip and the origins of its last three bodies, tip first."""


@dataclass(frozen=True)
class HandPoints:
    """Where a hand's fingers are, over ``T`` steps.

    Attributes:
        place: of each point in the piano frame, shape ``(T, fingers, points, 3)`` [m].
        jacobian: its derivative by the hand's joints, shape ``(T, fingers, points, 3, n)``.
    """

    place: Floats
    jacobian: Floats


class HandKinematics:
    """The chains from a forearm to its fingertips; all fingers are turned at once.

    Joints are those that servos move, in their order: a servo that bends two joints counts as one,
    each of its two gets half.

    Attributes:
        side: ``right`` or ``left``.
        joint_names: servos without side and prefix, e.g. ``WRJ1``; the forearm's slides last.
        fingers: playing fingers, thumb first.
        columns: where the hand's joints are in a target, slice.
        low: lower joint limits, shape ``(n,)`` [rad, m for slides].
        high: upper joint limits, shape ``(n,)``.
        across: index of the joint that moves the forearm along the keys.
        across_y: how far that joint moves it towards high notes, 1 or -1 [m/m].
        home_y: where the forearm is with that joint at zero [m].
    """

    def __init__(self, model: PlayablePair, side: str) -> None:
        rig = model.rig
        hand = rig.hand_data if side == "right" else rig.hand_data.mirrored()
        servos = [*(servo["name"] for servo in hand.servos), *(s["name"] for s in hand.slides)]
        first = model.joint_names.index(f"{side}_{servos[0]}")
        self.side, self.fingers = side, rig.fingers
        self.joint_names = tuple(name.removeprefix("A_") for name in servos)
        self.columns = slice(first, first + len(servos))
        self.low, self.high = model.joint_low[self.columns], model.joint_high[self.columns]
        self._place_slides(hand, homogeneous(rig.quat, rig.forearm_m(side)))
        self._chain(hand, homogeneous(rig.quat, rig.forearm_m(side)))

    @property
    def count(self) -> int:
        """Number of joints."""
        return len(self.joint_names)

    @property
    def upwards(self) -> tuple[int, ...]:
        """Fingers in the order in which they lie from low to high notes."""
        order = tuple(range(len(self.fingers)))
        return order if self.side == "right" else order[::-1]

    @property
    def sign(self) -> float:
        """1 where the next finger lies towards high notes, else -1."""
        return 1.0 if self.side == "right" else -1.0

    def _place_slides(self, hand: PairHand, root: Floats) -> None:
        self._base, self._slides = root[:3, 3], np.zeros((3, self.count))
        for index, slide in enumerate(hand.slides, start=len(hand.servos)):
            self._slides[:, index] = root[:3, :3] @ np.array(slide["axis"], float)
        self.across = self.joint_names.index("forearm_tx")
        self.across_y, self.home_y = float(self._slides[1, self.across]), float(root[1, 3])

    def _chain(self, hand: PairHand, root: Floats) -> None:
        """Lay the chains out as arrays; shorter ones end with joints that do not turn."""
        chains = [_Chain(hand, tip, root) for tip in hand.tips]
        shape = (len(chains), max(len(chain.axes) for chain in chains))
        self._offset, self._axis = np.zeros((*shape, 3)), np.zeros((*shape, 3))
        self._fixed = np.tile(np.eye(3), (*shape, 1, 1))
        self._share = np.zeros((*shape, self.count))
        self._frame = np.array([[frame for frame, _ in chain.points] for chain in chains])
        self._local = np.array([[place for _, place in chain.points] for chain in chains])
        for row, chain in enumerate(chains):
            for depth, (transform, axis) in enumerate(chain.axes):
                self._offset[row, depth] = transform[:3, 3] - (root[:3, 3] if depth == 0 else 0.0)
                self._fixed[row, depth], self._axis[row, depth] = transform[:3, :3], axis
            self._share[row, : len(chain.joints)] = _shares(hand, chain.joints, self.count)
        skew = np.cross(self._axis[..., None, :], np.eye(3)).swapaxes(-1, -2)
        self._skew, self._square = skew, skew @ skew
        self._before = np.arange(shape[1]) <= self._frame[..., None]  # joints that move a point

    def points(self, joints: Floats, count: int = POINTS) -> HandPoints:
        """Places of the first ``count`` points of each finger.

        Args:
            joints: joint positions, shape ``(T, n)`` [rad, m for slides].
            count: 1 for tips alone.
        """
        rotation, anchor = self._frames(joints)
        fingers, frame = np.arange(len(self.fingers))[:, None], self._frame[:, :count]
        local = self._local[:, :count, :, None]
        place = (rotation[:, fingers, frame] @ local)[..., 0] + anchor[:, fingers, frame]
        axis = (rotation @ self._axis[..., None])[..., 0]
        lever = place[:, :, :, None] - anchor[:, :, None]
        turning = _cross(axis[:, :, None], lever) * self._before[:, :count, :, None]
        jacobian = turning.swapaxes(-1, -2) @ self._share[:, None]
        jacobian += self._slides
        return HandPoints(place, jacobian)

    def tips(self, joints: Floats) -> Floats:
        """Centres of the fingertips, shape ``(T, fingers, 3)`` [m]."""
        return self.points(joints, 1).place[:, :, 0]

    def _frames(self, joints: Floats) -> tuple[Floats, Floats]:
        """Rotation and origin after each joint of each chain (Rodrigues)."""
        angle = (joints @ self._share.reshape(-1, self.count).T).reshape(-1, *self._axis.shape[:2])
        sin, cos = np.sin(angle)[..., None, None], np.cos(angle)[..., None, None]
        turn = self._fixed @ (np.eye(3) + sin * self._skew + (1 - cos) * self._square)
        rotation, anchor = np.empty_like(turn), np.empty(turn.shape[:-1])
        anchor[:, :, 0] = (self._base + joints @ self._slides.T)[:, None] + self._offset[:, 0]
        rotation[:, :, 0] = turn[:, :, 0]
        for depth in range(1, turn.shape[2]):
            before = rotation[:, :, depth - 1]
            step = (before @ self._offset[:, depth, :, None])[..., 0]
            anchor[:, :, depth] = anchor[:, :, depth - 1] + step
            rotation[:, :, depth] = before @ turn[:, :, depth]
        return rotation, anchor


class _Chain:
    """The way from the forearm to one tip, welded joints folded into fixed transforms."""

    def __init__(self, hand: PairHand, tip: Record, root: Floats) -> None:
        by_name = {body["name"]: body for body in hand.bodies}
        path = [by_name[tip["body"]]]
        while path[0]["parent"] is not None:
            path.insert(0, by_name[path[0]["parent"]])
        self.axes: list[tuple[Floats, Floats]] = []
        self.joints: list[str] = []
        origins, pending = [], root
        for body in path:
            pending = pending @ homogeneous(body["quat"], body["pos"])
            if body["name"] in hand.welded:
                pending = pending @ parked(*hand.welded[body["name"]])
            origins.append((len(self.axes) - 1, pending[:3, 3]))
            if joint := hand.joints.get(body["name"]):
                axis = np.array(joint["axis"], float)
                self.axes.append((pending, axis / np.linalg.norm(axis)))
                self.joints.append(joint["name"])
                pending = np.eye(4)
        end = (pending @ [*tip["pos"], 1.0])[:3]
        self.points = [(len(self.axes) - 1, end), *origins[:-POINTS:-1]]


def _shares(hand: PairHand, joints: list[str], count: int) -> Floats:
    """How much each servo turns each joint, shape ``(joints, count)``."""
    pulled = {tendon["name"]: tendon["joints"] for tendon in hand.tendons}
    shares = np.zeros((len(joints), count))
    for column, servo in enumerate(hand.servos):
        moved = [servo["joint"]] if "joint" in servo else pulled[servo["tendon"]]
        for joint in set(moved) & set(joints):
            shares[joints.index(joint), column] = 1.0 / len(moved)
    return shares


def _cross(first: Floats, second: Floats) -> Floats:
    """Cross products of the last axes; ``np.cross`` takes three times as long on few rows."""
    result = np.empty(np.broadcast_shapes(first.shape, second.shape))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        result[..., i] = first[..., j] * second[..., k] - first[..., k] * second[..., j]
    return result
