"""What all controllers of a rig have told about their joints."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from hardware.errors import DeviceError
from hardware.trajectory.joints import Reading, all_joints, make_parts
from sim import Rig

Array = NDArray[np.float64]

SILENT_NS = 500_000_000
"""How long a controller may say nothing [ns]; they tell their joints at 50 Hz or more."""


class Hearing:
    """The newest of every controller; methods may be called from any thread.

    Args:
        rig: must have a `ros_trajectory` driver.

    Attributes:
        parts: the joints of each controller.
        names: of all joints that have a controller, `n` actuated, then parked.
    """

    def __init__(self, rig: Rig) -> None:
        self.parts, self.names = make_parts(rig), all_joints(rig)
        self._lock = threading.Lock()
        self._rows = np.full((3, len(self.names)), np.nan)
        self._heard_ns = [0] * len(self.parts)
        self._misfits = [""] * len(self.parts)
        self._fresh: set[int] = set()

    def take(self, controller: int, reading: Reading) -> bool:
        """A controller told something; returns whether all have, since the last `news`."""
        part = self.parts[controller]
        try:
            rows = part.rows(reading)
        except DeviceError as error:  # others may tell on the same topic
            self._misfits[controller] = str(error)
            return False
        with self._lock:
            self._misfits[controller] = ""
            self._rows[:, part.at] = rows
            self._heard_ns[controller] = reading.time_ns
            self._fresh.add(controller)
            return len(self._fresh) == len(self.parts)

    def missing(self) -> list[str]:
        """Controllers of which nothing of use is heard, in words."""
        now_ns = time.monotonic_ns()
        return [
            self._misfits[number] or f"nothing is heard on {part.controller.state_topic}"
            for number, part in enumerate(self.parts)
            if now_ns - self._heard_ns[number] > SILENT_NS
        ]

    @property
    def positions(self) -> Array:
        """Of all joints, shape `(n_all,)` [m for the rail, rad]; NaN before they were heard."""
        with self._lock:
            return self._rows[0].copy()

    def news(self) -> tuple[int, Array] | None:
        """What is known, once every controller has told something new.

        Returns:
            The monotonic time of the oldest part of it [ns], and positions, velocities and efforts,
            shape `(3, n_all)`; None when one has told nothing since the last call that gave some.
        """
        with self._lock:
            if len(self._fresh) < len(self.parts):
                return None
            self._fresh.clear()
            return min(self._heard_ns), self._rows.copy()
