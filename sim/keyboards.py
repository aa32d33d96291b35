"""Keyboards as data: key geometry of 25 to 88 keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import RigError

KEYBOARDS = ("robopianist_88", "lab_keystation_49")
_BLACK_CLASSES = frozenset({1, 3, 6, 8, 10})


@dataclass(frozen=True)
class KeyShape:
    """Box and hinge of all keys of one colour; SI units, piano frame.

    Attributes:
        size: length (x), width (y) and height (z) [m].
        body_x: x of the box centre [m].
        body_z: z of the box centre [m].
        hinge_x: x of the hinge line [m].
        max_angle_rad: travel of the key about its hinge.
        mass: [kg].
        top_z: height of the playing surface [m].
    """

    size: tuple[float, float, float]
    body_x: float
    body_z: float
    hinge_x: float
    max_angle_rad: float
    mass: float
    top_z: float


@dataclass(frozen=True)
class Keyboard:
    """Geometry of a keyboard in the piano frame (x to the player, y to the high notes, z up).

    Attributes:
        name: name in the data file, with the number of keys where that differs.
        lowest_pitch: MIDI pitch of key 0.
        center_y: y of each key's centre, shape ``(n_keys,)`` [m].
        black: whether each key is black, shape ``(n_keys,)``.
        white_shape: shape of white keys.
        black_shape: shape of black keys.
    """

    name: str
    lowest_pitch: int
    center_y: NDArray[np.float64]
    black: NDArray[np.bool_]
    white_shape: KeyShape
    black_shape: KeyShape

    def __post_init__(self) -> None:
        for array in (self.center_y, self.black):  # one keyboard is shared by all who load it
            array.setflags(write=False)

    @property
    def n_keys(self) -> int:
        """Number of keys."""
        return len(self.center_y)

    @property
    def span_m(self) -> float:
        """Width from the outer edge of the lowest key to that of the highest [m]."""
        return float(np.ptp(self.center_y)) + self.white_shape.size[1]

    @property
    def highest_pitch(self) -> int:
        """MIDI pitch of the last key."""
        return self.lowest_pitch + self.n_keys - 1

    @property
    def travel_rad(self) -> NDArray[np.float64]:
        """Full travel of each key, shape ``(n_keys,)`` [rad]."""
        return np.where(self.black, self.black_shape.max_angle_rad, self.white_shape.max_angle_rad)

    def shape(self, key: int) -> KeyShape:
        """Shape of a key."""
        return self.black_shape if self.black[key] else self.white_shape


@cache
def load_keyboard(
    name: str, n_keys: int | None = None, lowest_pitch: int | None = None
) -> Keyboard:
    """Read a keyboard; with ``n_keys`` make one of that size with the same key shapes.

    Args:
        name: one of ``KEYBOARDS``.
        n_keys: 25 to 88; the file's own number by default.
        lowest_pitch: MIDI pitch of key 0; the file's own by default. It must be a white key.

    Raises:
        RigError: unknown keyboard, or a size or pitch out of range.
    """
    if name not in KEYBOARDS:
        raise RigError(f"unknown keyboard '{name}'; the library has {', '.join(KEYBOARDS)}")
    data = json.loads((resources.files("sim") / "data" / "keyboards.json").read_text())[name]
    n_keys = data["n_keys"] if n_keys is None else n_keys
    lowest = data["lowest_midi_note"] if lowest_pitch is None else lowest_pitch
    white, black = _shape(data["white"]), _shape(data["black"])
    if (n_keys, lowest) == (data["n_keys"], data["lowest_midi_note"]):
        is_black = np.isin(np.arange(n_keys), data["black_indices"])
        return Keyboard(name, lowest, np.array(data["key_center_y"]), is_black, white, black)
    if not 25 <= n_keys <= 88:
        raise RigError(f"keyboard of {n_keys} keys: choose 25 to 88")
    if lowest % 12 in _BLACK_CLASSES or not 0 <= lowest <= 128 - n_keys:
        raise RigError(f"lowest_pitch {lowest}: choose a white key from 0 to {128 - n_keys}")
    center_y, is_black = _layout(n_keys, lowest, data["white_pitch"], data["white_spacing"])
    return Keyboard(f"{name}:{n_keys}", lowest, center_y, is_black, white, black)


def _shape(record: dict[str, Any]) -> KeyShape:
    return KeyShape(
        size=(record["length_x"], record["width_y"], record["height_z"]),
        body_x=record["body_x"],
        body_z=record["body_z"],
        hinge_x=record["hinge_world_x"],
        max_angle_rad=record["max_angle_rad"],
        mass=record["mass"],
        top_z=record["top_z"],
    )


def _layout(
    n_keys: int, lowest: int, pitch: float, spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Centres of evenly pitched white keys, black keys half a spacing right of the gaps.

    The half spacing reproduces the published keyboards (notes in ``keyboards.json``).
    """
    black = np.array([(lowest + key) % 12 in _BLACK_CLASSES for key in range(n_keys)])
    whites_to_left = np.cumsum(~black) - ~black
    n_white = int((~black).sum())
    white_y = (whites_to_left - (n_white - 1) / 2) * pitch
    black_y = (whites_to_left - n_white / 2) * pitch + spacing / 2
    return np.where(black, black_y, white_y), black
