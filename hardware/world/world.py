"""What a world file says: the true physics of a rig, as far as it differs from the nominal one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

FaultKind = Literal[
    "serial_unplug",
    "serial_replug",
    "motor_overload",
    "motor_hot",
    "motor_silent",
    "power_sag",
    "midi_unplug",
    "midi_replug",
    "midi_flood",
    "stuck_key",
]

FrictionScale = Annotated[float, Field(ge=0.2, le=5.0)]
Scale = Annotated[float, Field(ge=0.4, le=2.5)]
Offset = Annotated[float, Field(ge=-0.01, le=0.01)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Section(BaseModel):
    """A part of a world file: frozen, strictly typed, finite, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class HandWorld(_Section):
    """The finger joints. Scales multiply the rig file's values."""

    frictionloss_scale: FrictionScale = 1.0
    damping_scale: Scale = Field(
        default=1.0, description="of the back-EMF, the joints' passive damping"
    )
    armature_scale: Scale = 1.0
    stiffness_scale: Scale = Field(default=1.0, description="of the position gain")
    gain_damping_scale: Scale = Field(default=1.0, description="of the velocity gain")
    stribeck: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="friction at rest exceeds that in motion by this share",
    )
    backlash_rad: float = Field(
        default=0.0, ge=0.0, le=0.03, description="full play, encoder to link"
    )
    torque_limit_scale: float = Field(default=1.0, ge=0.4, le=1.2)
    offset_std_rad: float = Field(
        default=0.0, ge=0.0, le=0.03, description="spread of the encoder zeros; drawn from the seed"
    )


class RailWorld(_Section):
    """The lateral axis."""

    frictionloss_scale: FrictionScale = 1.0
    stiffness_scale: Scale = 1.0
    backlash_m: float = Field(
        default=0.0, ge=0.0, le=0.002, description="full play, motor to carriage"
    )


class KeyboardWorld(_Section):
    """Where the keyboard really stands, and how its keys really move."""

    offset_m: tuple[Offset, Offset, Offset] = Field(default=(0.0, 0.0, 0.0), strict=False)
    yaw_rad: float = Field(default=0.0, ge=-0.03, le=0.03)
    stiffness_scale: Scale = 1.0
    damping_scale: Scale = 1.0
    friction_nm: float = Field(default=0.0, ge=0.0, le=0.01)
    spring_hardening: float = Field(
        default=0.0, ge=0.0, le=1.0, description="how much stiffer the spring is at full travel"
    )
    trigger_fraction: float | None = Field(default=None, ge=0.25, le=0.9)
    release_fraction: float | None = Field(default=None, ge=0.1, le=0.85)

    @field_validator("release_fraction")
    @classmethod
    def _below_trigger(cls, release: float | None, info: ValidationInfo) -> float | None:
        trigger = info.data.get("trigger_fraction")
        if release is not None and trigger is not None and release >= trigger:
            raise ValueError(f"must be below keyboard.trigger_fraction, which is {trigger:g}")
        return release


class ContactWorld(_Section):
    """Fingertips on keys."""

    sliding_friction: float | None = Field(default=None, ge=0.2, le=2.0)
    tip_stiffness_scale: Scale = 1.0


class TimingWorld(_Section):
    """How late commands act and states are."""

    command_delay_s: float = Field(default=0.0, ge=0.0, le=0.2)
    state_delay_s: float = Field(default=0.0, ge=0.0, le=0.1)
    jitter_s: float = Field(
        default=0.0, ge=0.0, le=0.02, description="both delays vary evenly by this much up and down"
    )


class SensingWorld(_Section):
    """What encoders add to the truth."""

    encoder_noise_rad: float = Field(default=0.0, ge=0.0, le=0.01, description="standard deviation")


class FaultEvent(_Section):
    """Something that breaks, or is mended, while the emulated rig runs."""

    at_s: float = Field(ge=0.0, description="seconds since the rig started")
    kind: FaultKind
    joint: str | None = Field(
        default=None, description="whose motor, for motor_*; None: the rig's choice"
    )
    key: int | None = Field(default=None, ge=0, description="which key, for stuck_key")


class FaultsWorld(_Section):
    """What goes wrong on the serial line and the MIDI line of an emulated rig."""

    serial_drop: Share = 0.0
    serial_corrupt: Share = 0.0
    midi_drop: Share = 0.0
    events: tuple[FaultEvent, ...] = Field(default=(), strict=False)


class World(_Section):
    """The hidden truth of a rig; what is left out is nominal.

    Attributes:
        name: of the world.
        seed: of everything in it that is drawn; noise and jitter also depend on the trial.
        hand: the finger joints.
        rail: the lateral axis.
        keyboard: pose and keys.
        contact: fingertips on keys.
        timing: delays.
        sensing: encoders.
        faults: of the emulated rig's lines.
    """

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    seed: int = Field(default=0, ge=0)
    hand: HandWorld = HandWorld()
    rail: RailWorld = RailWorld()
    keyboard: KeyboardWorld = KeyboardWorld()
    contact: ContactWorld = ContactWorld()
    timing: TimingWorld = TimingWorld()
    sensing: SensingWorld = SensingWorld()
    faults: FaultsWorld = FaultsWorld()
