"""Rigs of two hands: one YAML file each."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from sim.errors import RigError
from sim.keyboards import KEYBOARDS, Keyboard, load_keyboard
from sim.pair.hands import PairHand, load_pair_hand
from sim.rig import pair_names
from sim.yaml_files import Section, first_complaint, read_yaml

Positive = Annotated[float, Field(gt=0)]

PAIRS = pair_names()
"""Names of the shipped rigs of two hands."""

SIDES = ("right", "left")
"""The hands, in the order of actions."""


class PairKeysSection(Section):
    """Dynamics of the keys."""

    stiffness_nm_per_rad: Positive
    damping_nms_per_rad: Positive
    armature_kgm2: Positive
    spring_reference_rad: float = Field(lt=0, description="where the key spring is slack")
    contact_time_constant_s: Positive


class PairRig(Section):
    """Two mirrored hands on forearms that slide over a keyboard; SI units, piano frame."""

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    hand: Literal["shadow_right"]
    forearm_right_m: tuple[float, float, float]
    forearm_left_m: tuple[float, float, float]
    quat: tuple[float, float, float, float] = Field(description="of both forearms, w first")
    gravity_compensation: bool
    fingers: tuple[str, ...] = Field(min_length=1, description="playing fingers, thumb first")
    slides: tuple[str, ...] = Field(min_length=1, description="how the forearms move")
    welded_rad: dict[str, float] = Field(description="joints held at a fixed angle")
    ranges_rad: dict[str, tuple[float, float]] = Field(description="narrower joint ranges")
    keyboard: Literal[KEYBOARDS]  # type: ignore[valid-type]  # pydantic reads the tuple
    keys: PairKeysSection

    @cached_property
    def hand_data(self) -> PairHand:
        """Bodies, joints and servos of the right hand.

        Raises:
            RigError: the rig names a finger, slide or joint that the hand does not have.
        """
        return load_pair_hand(
            self.hand, self.fingers, self.slides, self.welded_rad, self.ranges_rad
        )

    @property
    def n_actions(self) -> int:
        """Number of servos of both hands, and the pedal."""
        return 2 * (len(self.hand_data.servos) + len(self.hand_data.slides)) + 1

    @cached_property
    def piano(self) -> Keyboard:
        """The keyboard's geometry."""
        return load_keyboard(self.keyboard)

    def forearm_m(self, side: str) -> tuple[float, float, float]:
        """Where a forearm is when its slides are at zero [m]."""
        return self.forearm_right_m if side == "right" else self.forearm_left_m

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the rig's content, and of the hand's and the keyboards' that it names."""
        digest = hashlib.sha256(self.model_dump_json(by_alias=True).encode())
        for name in (f"hands/{self.hand}.json", "keyboards.json"):
            digest.update((resources.files("sim") / "data" / name).read_bytes())
        return digest.hexdigest()


def load_pair(name_or_path: str | Path) -> PairRig:
    """Read a rig of two hands by library name or from a YAML file.

    Raises:
        RigError: no such rig, not YAML, or a field that is unknown, missing or out of range.
    """
    path = Path(name_or_path)
    if str(name_or_path) in PAIRS:
        path = Path(str(resources.files("sim") / "pair" / "rigs" / f"{name_or_path}.yaml"))
    elif not path.is_file():
        known = " or ".join(PAIRS)
        raise RigError(f"no rig {str(name_or_path)!r}: choose {known}, or give a YAML file")
    try:
        rig = PairRig.model_validate(read_yaml(path))
    except ValidationError as error:
        raise RigError(f"{path}: {first_complaint(error)}") from error
    except ValueError as error:
        raise RigError(f"{path}: {error}") from error
    rig.hand_data  # noqa: B018  # a name that the hand does not have is refused here
    return rig
