"""Where fingertips touch keys."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.planner.pair.parameters import PairPlanParameters
from sim.keyboards import Keyboard

Floats = NDArray[np.float64]

TIP_RADIUS_M = 0.0067
"""How high the centre of a fingertip is above the key it touches."""


class KeyPlaces:
    """Centres of tips on keys, in the piano frame.

    Attributes:
        black: which keys are black, shape ``(n_keys,)``.
        touching: where a tip touches each key at rest, shape ``(n_keys, 3)`` [m].
        pressed: where it is with the key at its stop, shape ``(n_keys, 3)`` [m].
        lever_m: how far from its hinge each key is struck, shape ``(n_keys,)``.
        white_m: height of a tip that touches white keys.
        black_m: the same of black keys.
        octave_m: width of an octave.
    """

    def __init__(self, keyboard: Keyboard, parameters: PairPlanParameters) -> None:
        self.black, y = np.asarray(keyboard.black), np.asarray(keyboard.center_y)
        white, black = keyboard.white_shape, keyboard.black_shape
        x = np.where(self.black, parameters.strike_x_black_m, parameters.strike_x_white_m)
        self.white_m, self.black_m = white.top_z + TIP_RADIUS_M, black.top_z + TIP_RADIUS_M
        self.touching = np.stack([x, y, np.where(self.black, self.black_m, self.white_m)], axis=-1)
        self.lever_m = x - np.where(self.black, black.hinge_x, white.hinge_x)
        self.pressed = self.touching.copy()
        self.pressed[:, 2] -= self.lever_m * np.tan(keyboard.travel_rad)
        self.octave_m = float(y[12] - y[0])
