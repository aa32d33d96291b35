"""The hands of a pair as data: the right one from its file, the left one its mirror image."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.errors import RigError
from sim.hands import hand_record

Record = Mapping[str, Any]


@dataclass(frozen=True)
class PairHand:
    """One hand on a forearm that slides.

    Attributes:
        bodies: in tree order (``name, parent, pos, quat, mass, inertial, collision``).
        joints: moving joints by the body they move (``name, axis, range, damping, ...``).
        slides: of the forearm (``name, axis, range, kp, damping``), in action order.
        servos: in action order without slides (``name, joint`` or ``tendon, kp, ctrlrange, ...``).
        tendons: that servos pull (``name, joints, coef``).
        tips: where fingertips are (``body, pos``), in the order of the rig's fingers.
        excludes: pairs of bodies that never touch.
        welded: axis and angle [rad] of each joint that does not move, by the body it would move.
        contact: ``solref`` and ``solimp`` of the hand's shapes.
    """

    bodies: tuple[Record, ...]
    joints: Mapping[str, Record]
    slides: tuple[Record, ...]
    servos: tuple[Record, ...]
    tendons: tuple[Record, ...]
    tips: tuple[Record, ...]
    excludes: tuple[tuple[str, str], ...]
    welded: Mapping[str, tuple[Sequence[float], float]]
    contact: Record

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Moving joints in RoboPianist's order: the hand's tree, then the forearm's."""
        return (*(j["name"] for j in self.joints.values()), *(s["name"] for s in self.slides))

    def mirrored(self) -> PairHand:
        """The left hand. Slides keep their axes: they move both hands the same way."""
        return replace(
            self,
            bodies=tuple(_mirrored_body(body) for body in self.bodies),
            joints={
                body: {**joint, "axis": _mirrored_axis(joint["axis"])}
                for body, joint in self.joints.items()
            },
            tips=tuple({**tip, "pos": _mirrored_place(tip["pos"])} for tip in self.tips),
            welded={
                body: (_mirrored_axis(axis), angle) for body, (axis, angle) in self.welded.items()
            },
        )


def load_pair_hand(
    name: str,
    fingers: Sequence[str],
    slides: Sequence[str],
    welded_rad: Mapping[str, float],
    ranges_rad: Mapping[str, tuple[float, float]],
) -> PairHand:
    """Read the right hand of a pair.

    Raises:
        RigError: a finger, slide or joint that the hand does not have.
    """
    data = hand_record(name)
    joints = {joint["name"]: joint for joint in data["joints"]}
    forearm = {slide["name"]: slide for slide in data["robopianist"]["forearm_dofs"]}
    tips = {tip["body"].removesuffix("distal"): tip for tip in data["fingertips"]}
    _check("hand.fingers", fingers, tips)
    _check("hand.slides", slides, forearm)
    _check("welded_rad", welded_rad, joints)
    _check("ranges_rad", ranges_rad, joints)
    damping = data["robopianist"]["forearm_damping"]
    moving = {
        joint["body"]: joint | {"range": ranges_rad.get(joint["name"], joint["range"])}
        for joint in data["joints"]
        if joint["name"] not in welded_rad
    }
    return PairHand(
        bodies=tuple(data["bodies"]),
        joints=moving,
        slides=tuple(forearm[slide] | {"damping": damping[slide]} for slide in slides),
        servos=tuple(_servos(data, {joint["name"] for joint in moving.values()}, ranges_rad)),
        tendons=tuple(t for t in data["tendons"] if not set(t["joints"]) & set(welded_rad)),
        tips=tuple(tips[finger] for finger in fingers),
        excludes=tuple((first, second) for first, second in data["contact_excludes"]),
        welded={
            joints[joint]["body"]: (joints[joint]["axis"], angle)
            for joint, angle in welded_rad.items()
        },
        contact=data["contact_defaults"],
    )


def _servos(
    data: Record, moving: Collection[str], ranges: Mapping[str, tuple[float, float]]
) -> list[Record]:
    pulled = {tendon["name"]: tendon["joints"] for tendon in data["tendons"]}
    return [
        servo | {"ctrlrange": ranges.get(servo.get("joint", ""), servo["ctrlrange"])}
        for servo in data["actuators"]
        if set(pulled.get(servo.get("tendon", ""), [servo.get("joint")])) <= set(moving)
    ]


def _check(field: str, names: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(names) - set(known)):
        raise RigError(f"{field}: {unknown} not among {sorted(known)}")


def _mirrored_body(body: Record) -> Record:
    """A body, its inertia and its shapes reflected in the y-z plane of its frame."""
    return {
        **body,
        "pos": _mirrored_place(body["pos"]),
        "quat": _mirrored_turn(body["quat"]),
        "inertial": body["inertial"] | _mirrored_pose(body["inertial"]),
        "collision": [shape | _mirrored_pose(shape) for shape in body["collision"]],
    }


def _mirrored_pose(record: Record) -> dict[str, list[float]]:
    return {
        "pos": _mirrored_place(record["pos"]),
        "quat": _mirrored_turn(record.get("quat", [1.0, 0.0, 0.0, 0.0])),
    }


def _mirrored_place(place: Sequence[float]) -> list[float]:
    return [-place[0], place[1], place[2]]


def _mirrored_turn(quat: Sequence[float]) -> list[float]:
    return [quat[0], quat[1], -quat[2], -quat[3]]


def _mirrored_axis(axis: Sequence[float]) -> list[float]:
    """Of a hinge: the same angle gives the mirrored pose."""
    return [axis[0], -axis[1], -axis[2]]
