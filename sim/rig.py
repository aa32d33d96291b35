"""Rigs: a hand on a rail over a keyboard, one YAML file each."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sim.drivers import Driver, DynamixelDriver, RosTrajectoryDriver
from sim.errors import RigError
from sim.hands import HANDS, Hand, load_hand
from sim.keyboards import KEYBOARDS, Keyboard, load_keyboard
from sim.yaml_files import Section, first_complaint, read_yaml

RAIL = "rail"
"""Name of the lateral joint; its axis is the piano's y."""

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class HandSection(Section):
    """Which hand, how it is held, which fingers play."""

    model: Literal[HANDS]  # type: ignore[valid-type]  # pydantic reads the tuple at run time
    variant: str | None = None
    position_m: tuple[float, float, float] = Field(
        description="palm frame in the piano frame at rail 0"
    )
    quat: tuple[float, float, float, float] = Field(description="palm orientation, w first")
    fingers: tuple[str, ...] = Field(min_length=1, description="playing fingers, low notes first")
    tip_radius_m: float = Field(ge=0.006, le=0.012)
    tip_half_length_m: float = Field(ge=0.0, le=0.03)
    parked_rad: dict[str, float] = Field(default={}, description="joints held at a fixed angle")

    @field_validator("variant")
    @classmethod
    def _known_variant(cls, variant: str | None, info: ValidationInfo) -> str | None:
        if "model" in info.data:
            _ask(load_hand, info.data["model"], variant)
        return variant

    @field_validator("quat")
    @classmethod
    def _turns(cls, quat: tuple[float, ...]) -> tuple[float, ...]:
        if not 0.99 < sum(part * part for part in quat) < 1.01:
            raise ValueError("not a unit quaternion")
        return quat

    @field_validator("fingers")
    @classmethod
    def _known_fingers(cls, fingers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "model" in info.data:
            known = [tip.finger for tip in load_hand(info.data["model"]).tips]
            if unknown := sorted(set(fingers) - set(known)):
                raise ValueError(f"{unknown} not among {known}")
        if len(set(fingers)) < len(fingers):
            raise ValueError("a finger is named twice")
        return fingers

    @field_validator("parked_rad")
    @classmethod
    def _within_joints(cls, parked: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        if "model" not in info.data:
            return parked
        hand = load_hand(info.data["model"])
        for joint, angle in parked.items():
            if joint not in hand.joints:
                raise ValueError(f"no joint {joint!r} among {', '.join(hand.joints)}")
            low, high = hand.joint_range(joint)
            if not low <= angle <= high:
                raise ValueError(f"{joint} at {angle:g} rad: choose from {low:g} to {high:g}")
        return parked


class FingerSection(Section):
    """Dynamics of every finger joint."""

    stiffness_nm_per_rad: Positive
    damping_nms_per_rad: Positive = Field(description="total: back-EMF plus gain damping")
    armature_kgm2: Positive
    frictionloss_nm: NotNegative
    torque_limit_nm: Positive
    no_load_speed_rad_per_s: Positive


class RailSection(Section):
    """Dynamics and travel of the lateral axis."""

    range_m: tuple[float, float]
    stiffness_n_per_m: Positive
    damping_ns_per_m: Positive = Field(description="total: back-EMF plus gain damping")
    carried_mass_kg: Positive = Field(description="hand and carriage")
    friction_n: NotNegative
    force_limit_n: Positive
    no_load_speed_m_per_s: Positive

    @field_validator("range_m")
    @classmethod
    def _rises(cls, range_m: tuple[float, float]) -> tuple[float, float]:
        if range_m[0] >= range_m[1]:
            raise ValueError("must rise")
        return range_m


class KeyboardSection(Section):
    """Which keyboard and the dynamics of its keys."""

    model: Literal[KEYBOARDS]  # type: ignore[valid-type]
    n_keys: int | None = Field(default=None, ge=25, le=88)
    lowest_pitch: int | None = Field(default=None, ge=0, le=127)
    stiffness_nm_per_rad: Positive
    damping_nms_per_rad: Positive
    armature_kgm2: Positive
    spring_reference_rad: float = Field(lt=0, description="where the key spring is slack")
    trigger_fraction: Fraction
    release_fraction: Fraction
    sliding_friction: Positive
    contact_time_constant_s: Positive

    @field_validator("lowest_pitch")
    @classmethod
    def _starts_white(cls, lowest_pitch: int | None, info: ValidationInfo) -> int | None:
        if {"model", "n_keys"} <= info.data.keys():
            _ask(load_keyboard, info.data["model"], info.data["n_keys"], lowest_pitch)
        return lowest_pitch

    @field_validator("release_fraction")
    @classmethod
    def _below_trigger(cls, release: float, info: ValidationInfo) -> float:
        if release >= info.data.get("trigger_fraction", 1.0):
            raise ValueError("must be below keys.trigger_fraction")
        return release


class Rig(Section):
    """A hand on a rail over a keyboard, with nominal dynamics in SI units."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    hand: HandSection
    finger: FingerSection
    rail: RailSection
    keys: KeyboardSection
    driver: Driver | None = Field(default=None, description="how the real motors are reached")

    @model_validator(mode="after")
    def _fingers_move(self) -> Rig:
        for finger, joints in zip(self.hand.fingers, self.finger_joints, strict=True):
            if not joints:
                raise ValueError(f"hand.parked_rad: leaves no joint to move finger '{finger}'")
        return self

    @model_validator(mode="after")
    def _drivable(self) -> Rig:
        actuated, parked = set(self.joint_names), set(self.hand.parked_rad)
        if isinstance(self.driver, DynamixelDriver):
            self.driver.check(actuated | parked, self.rail.range_m)
        elif isinstance(self.driver, RosTrajectoryDriver):
            self.driver.check(actuated, parked)
        return self

    @cached_property
    def hand_data(self) -> Hand:
        """The hand's bodies, joints and tips."""
        return load_hand(self.hand.model, self.hand.variant)

    @cached_property
    def keyboard(self) -> Keyboard:
        """The keyboard's geometry."""
        return load_keyboard(self.keys.model, self.keys.n_keys, self.keys.lowest_pitch)

    @cached_property
    def finger_joints(self) -> tuple[tuple[str, ...], ...]:
        """Names of the actuated joints of each playing finger, from the palm outwards."""
        tips = {tip.finger: tip.body for tip in self.hand_data.tips}
        by_body = {record["body"]: name for name, record in self.hand_data.joints.items()}
        return tuple(
            tuple(
                by_body[link["name"]]
                for link in self.hand_data.chain(tips[finger])
                if link["name"] in by_body and by_body[link["name"]] not in self.hand.parked_rad
            )
            for finger in self.hand.fingers
        )

    @cached_property
    def joint_names(self) -> tuple[str, ...]:
        """Actuated joints in the order of actions: the rail, then finger by finger."""
        return (RAIL, *(joint for finger in self.finger_joints for joint in finger))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the rig's content: bundles and recordings name the rig they belong to.

        The driver is left out: the same rig may be reached in several ways.
        """
        content = self.model_dump_json(by_alias=True, exclude={"driver"})
        return hashlib.sha256(content.encode()).hexdigest()


_RIGS, _PAIRS = (Path(str(resources.files("sim"))) / name for name in ("rigs", "pair/rigs"))


def rig_names() -> tuple[str, ...]:
    """Names of the shipped rigs of one hand."""
    return tuple(sorted(path.stem for path in _RIGS.glob("*.yaml")))


def pair_names() -> tuple[str, ...]:
    """Names of the shipped rigs of two hands."""
    return tuple(sorted(path.stem for path in _PAIRS.glob("*.yaml")))


def has_two_hands(name_or_path: str | Path) -> bool:
    """Whether that is a shipped rig of two hands, or the file of one."""
    if str(name_or_path) in (*rig_names(), *pair_names()):
        return str(name_or_path) in pair_names()
    try:
        content = read_yaml(Path(name_or_path))
    except ValueError:
        return False
    return isinstance(content, dict) and "forearm_right_m" in content


def load_rig(name_or_path: str | Path) -> Rig:
    """Read a rig of one hand by library name or from a YAML file.

    Raises:
        RigError: no such rig, not YAML, a field that is unknown, missing or out of range, or a rig
            of two hands.
    """
    if has_two_hands(name_or_path):
        raise RigError(
            f"rig {str(name_or_path)!r} has two hands, this is for one: choose "
            f"{' or '.join(rig_names())}"
        )
    if str(name_or_path) in rig_names():
        path = _RIGS / f"{name_or_path}.yaml"
    else:
        path = Path(name_or_path)
    if not _is_file(path):
        close = difflib.get_close_matches(str(name_or_path), rig_names(), n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose {' or '.join(rig_names())}"
        raise RigError(f"no rig {str(name_or_path)!r}: {hint}, or give a YAML file")
    try:
        return Rig.model_validate(read_yaml(path))
    except ValidationError as error:
        raise RigError(f"{path}: {first_complaint(error)}") from error
    except ValueError as error:
        raise RigError(f"{path}: {error}") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name no file can have, or a folder that may not be searched
        return False


def _ask(load: Callable[..., object], *arguments: object) -> None:
    """See that the library has something; its refusal becomes the complaint about a field."""
    try:
        load(*arguments)
    except RigError as error:
        raise ValueError(str(error)) from error
