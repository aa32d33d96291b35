"""Which keys of many rigs sound, physics step by physics step, as rows of score time see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.lead import Lead
from sim.model import PHYSICS_STEPS_PER_CONTROL as STEPS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class KeyHistory:
    """The last two control steps of the keys of ``n`` rigs.

    Args:
        trigger_rad: angle at which each key begins to sound, shape ``(n, n_keys)``.
        release_rad: angle below which it stops.
        lead: when rows end.
    """

    def __init__(self, trigger_rad: Floats, release_rad: Floats, lead: Lead) -> None:
        n, n_keys = trigger_rad.shape
        self._trigger_rad, self._release_rad = trigger_rad, release_rad
        self._thresholds = trigger_rad.copy()
        self._lead = lead.physics_step
        # Column 10 is the state before the present control step, 11 to 20 those after its steps.
        self._sounding = np.zeros((n, 2 * STEPS + 1, n_keys), bool)
        self._angles = np.zeros((n, 2 * STEPS, n_keys))

    def restart(self, ids: NDArray[np.intp], sounding: Bools | None = None) -> None:
        """Begin anew with keys that sound, shape ``(len(ids), n_keys)``; default none."""
        began = np.zeros((1, 1), bool) if sounding is None else sounding
        self._sounding[ids] = began[:, None]
        released, triggered = self._release_rad[ids], self._trigger_rad[ids]
        self._thresholds[ids] = np.where(began, released, triggered)

    def add(self, angles: Floats) -> None:
        """Take the key angles of a control step, shape ``(n, 10, n_keys)`` [rad]."""
        sounding = self._sounding
        sounding[:, : STEPS + 1] = sounding[:, STEPS:].copy()
        if self._lead < STEPS:
            self._angles[:, :STEPS] = self._angles[:, STEPS:]
        self._angles[:, STEPS:] = angles
        for step in range(STEPS):
            above = sounding[:, STEPS + step + 1]
            np.greater_equal(angles[:, step], self._thresholds, out=above)
            if (above != sounding[:, STEPS + step]).any():
                np.copyto(self._thresholds, np.where(above, self._release_rad, self._trigger_rad))

    @property
    def now(self) -> Bools:
        """Which keys sound now, shape ``(n, n_keys)``."""
        return self._sounding[:, -1]

    @property
    def control_step(self) -> Bools:
        """Before the last control step and after each of its physics steps, ``(n, 11, n_keys)``."""
        return self._sounding[:, STEPS:]

    @property
    def row(self) -> Bools:
        """The same of the last row that ended, shape ``(n, 11, n_keys)``."""
        return self._sounding[:, self._lead : self._lead + STEPS + 1]

    @property
    def row_angles(self) -> Floats:
        """Key angles after each physics step of the last row that ended, ``(n, 10, n_keys)``."""
        return self._angles[:, self._lead : self._lead + STEPS]
