"""Rigs: a hand on a rail over a keyboard, one YAML file each."""

from __future__ import annotations

import difflib
import hashlib
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import RigError
from sim.hands import HANDS, Hand, load_hand
from sim.keyboards import KEYBOARDS, Keyboard, load_keyboard

RAIL = "rail"
"""Name of the lateral joint; its axis is the piano's y."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    """A part of a rig file: frozen, typed, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HandSection(_Section):
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


class FingerSection(_Section):
    """Dynamics of every finger joint."""

    stiffness_nm_per_rad: Positive
    damping_nms_per_rad: Positive = Field(description="total: back-EMF plus gain damping")
    armature_kgm2: Positive
    frictionloss_nm: NotNegative
    torque_limit_nm: Positive
    no_load_speed_rad_per_s: Positive


class RailSection(_Section):
    """Dynamics and travel of the lateral axis."""

    range_m: tuple[float, float]
    stiffness_n_per_m: Positive
    damping_ns_per_m: Positive = Field(description="total: back-EMF plus gain damping")
    carried_mass_kg: Positive = Field(description="hand and carriage")
    friction_n: NotNegative
    force_limit_n: Positive
    no_load_speed_m_per_s: Positive


class KeyboardSection(_Section):
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


class Rig(_Section):
    """A hand on a rail over a keyboard, with nominal dynamics in SI units."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    hand: HandSection
    finger: FingerSection
    rail: RailSection
    keys: KeyboardSection

    @model_validator(mode="after")
    def _consistent(self) -> Rig:
        known = {tip.finger for tip in self.hand_data.tips}
        if unknown := set(self.hand.fingers) - known:
            raise ValueError(f"hand.fingers: {sorted(unknown)} not among {sorted(known)}")
        if unknown := set(self.hand.parked_rad) - set(self.hand_data.joints):
            raise ValueError(f"hand.parked_rad: no joint {sorted(unknown)}")
        if self.keys.release_fraction >= self.keys.trigger_fraction:
            raise ValueError("keys.release_fraction must be below keys.trigger_fraction")
        if self.rail.range_m[0] >= self.rail.range_m[1]:
            raise ValueError("rail.range_m must rise")
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
        """SHA-256 of the rig's content: bundles and recordings name the rig they belong to."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()


def rig_names() -> tuple[str, ...]:
    """Names of the shipped rigs."""
    folder = resources.files("sim") / "rigs"
    return tuple(sorted(Path(str(f)).stem for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_rig(name_or_path: str | Path) -> Rig:
    """Read a rig by library name or from a YAML file.

    Raises:
        RigError: no such rig, not YAML, or a field that is unknown, missing or out of range.
    """
    if str(name_or_path) in rig_names():
        path = Path(str(resources.files("sim") / "rigs" / f"{name_or_path}.yaml"))
    else:
        path = Path(name_or_path)
    if not path.is_file():
        close = difflib.get_close_matches(str(name_or_path), rig_names(), n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"the library has {rig_names()}"
        raise RigError(f"no rig '{name_or_path}': {hint}")
    try:
        return Rig.model_validate(yaml.safe_load(path.read_text()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RigError(f"{path}: not a YAML file ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        raise RigError(f"{path}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    """The first complaint of a validation as one line that names the field."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg']}" if field else str(first["msg"])
