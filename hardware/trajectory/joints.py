"""Which controller moves which joints, and what is in its messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.errors import DeviceError
from sim import Rig, RosTrajectoryDriver
from sim.drivers import TrajectoryController

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reading:
    """What a controller tells about its joints, in its own words and order.

    Attributes:
        time_ns: monotonic time at which it arrived [ns].
        names: of the joints, `k` of them, perhaps among others'.
        positions: shape `(k,)` [m for the rail, rad].
        velocities: shape `(k,)` [m/s for the rail, rad/s].
        efforts: shape `(k,)` [N for the rail, Nm]; empty when it tells none.
    """

    time_ns: int
    names: Sequence[str]
    positions: Sequence[float]
    velocities: Sequence[float]
    efforts: Sequence[float]


@dataclass(frozen=True, eq=False)
class Part:
    """The joints of one controller among all that have one.

    Attributes:
        controller: its section of the rig file.
        names: how it calls its joints, the order of everything sent to it.
        at: where these joints stand among all, shape `(k,)`.
    """

    controller: TrajectoryController
    names: tuple[str, ...]
    at: NDArray[np.intp]

    def rows(self, reading: Reading) -> Array:
        """Positions, velocities and efforts (NaN where none are told), shape `(3, k)`.

        Raises:
            DeviceError: a joint, or what is needed of it, is not told, or is no number.
        """
        topic, told = self.controller.state_topic, list(reading.names)
        if missing := sorted(set(self.names) - set(told)):
            raise DeviceError(f"{topic} tells nothing of {', '.join(missing)}")
        columns = [told.index(name) for name in self.names]
        rows = np.full((3, len(told)), np.nan)
        for row, values in zip(
            rows, (reading.positions, reading.velocities, reading.efforts), strict=True
        ):
            if len(values) == len(told):
                row[:] = values
        own = rows[:, columns]
        for what, row in zip(("position", "velocity"), own[:2], strict=True):
            if not np.isfinite(row).all():
                name = self.names[int(np.flatnonzero(~np.isfinite(row))[0])]
                raise DeviceError(f"{topic} tells no {what} of {name}")
        return own


def trajectory_driver(rig: Rig) -> RosTrajectoryDriver:
    """The rig's driver section.

    Raises:
        DeviceError: the rig is driven otherwise.
    """
    if not isinstance(rig.driver, RosTrajectoryDriver):
        kind = rig.driver.kind if rig.driver else "no driver"
        raise DeviceError(f"rig {rig.name} has {kind}, not ros_trajectory: choose another rig")
    return rig.driver


def all_joints(rig: Rig) -> tuple[str, ...]:
    """Every joint that has a controller: the actuated ones in the order of actions, then parked.

    Raises:
        DeviceError: the rig is driven otherwise.
    """
    named = trajectory_driver(rig).ramps_s
    return (*rig.joint_names, *(joint for joint in rig.hand.parked_rad if joint in named))


def make_parts(rig: Rig) -> tuple[Part, ...]:
    """The joints of each controller of a rig, in the order of its file.

    Raises:
        DeviceError: the rig is driven otherwise.
    """
    order = all_joints(rig)
    return tuple(
        Part(
            controller,
            tuple(controller.joints.values()),
            np.array([order.index(joint) for joint in controller.joints]),
        )
        for controller in trajectory_driver(rig).controllers
    )
