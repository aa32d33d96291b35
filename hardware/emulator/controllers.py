"""Emulated trajectory controllers: a world behind a hand and an arm that bring their own drivers.

Knows no ROS: a node lends it the topics.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hardware.emulator.keys import EmulatedKeys, MidiPort
from hardware.emulator.mechanics import RAIL_START_M, ParkedJoint
from hardware.errors import HardwareError
from hardware.trajectory.joints import Reading, all_joints, make_parts
from hardware.world import World, WorldSimulator
from sim import Rig
from sim.realtime import (
    PacingReport,
    RealTimeSimulator,
    RigState,
    request_realtime,
    run_paced,
)

Array = NDArray[np.float64]

STEPS_PER_STATE = 2
"""Physics steps between two joint states: 100 per second."""

_CLOSE_S = 2.0
_KEYS = 4  # tells the random numbers of the keyboard from those of the physics


class EmulatedControllers:
    """A rig in a world behind trajectory controllers; a context manager that runs it.

    Controllers are counted as in the rig file. They take targets at once, interpolate as the file
    says, hold them, and limit them as every simulated rig does. Parked joints move by themselves.

    Args:
        rig: with a `ros_trajectory` driver.
        world: its truth. Of its faults only `midi_drop` acts: there is no line and no motor.
        tell: is given every controller's readings, 100 times a second, on the thread that runs it.
        keyboard: port for the keys; the caller closes it. None: nobody hears the keys.
        trial: which draw of the world's noise.

    Raises:
        HardwareError: the rig is driven otherwise, or the world has fault events.
        WorldError: the world is impossible with this rig.
    """

    def __init__(
        self,
        rig: Rig,
        world: World,
        tell: Callable[[int, Reading], None],
        keyboard: MidiPort | None = None,
        trial: int = 0,
    ) -> None:
        self._parts, self._n = make_parts(rig), len(rig.joint_names)
        if world.faults.events:
            raise HardwareError(
                f"world {world.name} has fault events, which only an emulated motor bus can make: "
                f"choose another world for rig {rig.name}"
            )
        self._tell = tell
        self._simulator = WorldSimulator(rig, world, trial)
        self._simulator.reset([RAIL_START_M, *[0.0] * (self._n - 1)])
        self._restart()
        names = all_joints(rig)[self._n :]
        parked = np.array([rig.hand.parked_rad[name] for name in names])
        speed = rig.finger.no_load_speed_rad_per_s
        self._parked = [ParkedJoint(float(angle), speed) for angle in parked]
        self._targets = np.concatenate((self._simulator.joint_positions, parked))
        self._lock = threading.Lock()  # of the targets
        self._keys = None
        if keyboard is not None:
            seed = [_KEYS, world.seed, trial]
            pitch = rig.keyboard.lowest_pitch
            self._keys = EmulatedKeys(keyboard, pitch, world.faults.midi_drop, seed)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulated world", daemon=True)

    def __enter__(self) -> Self:
        """Start it."""
        self._restart()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    @property
    def report(self) -> PacingReport:
        """How well real time was kept."""
        return self._rig.report

    @property
    def running(self) -> bool:
        """Whether its time goes on."""
        return self._thread.is_alive()

    def take(self, controller: int, targets: Array) -> None:
        """A controller is sent targets of its joints, in its order.

        Raises:
            SimError: one is not finite; the old ones stay.
        """
        arrival_ns = time.monotonic_ns()
        with self._lock:
            wanted = self._targets.copy()
            wanted[self._parts[controller].at] = targets
            self._rig.set_targets(wanted[: self._n], arrival_ns)
            self._targets = wanted

    def _restart(self) -> None:
        """Let time begin now."""
        self._rig = RealTimeSimulator(self._simulator, time.monotonic_ns())

    def _run(self) -> None:
        request_realtime()
        run_paced(self._rig, self._prepare, self._ending)

    def _prepare(self, state: RigState) -> Callable[[], None]:
        """Advance what is not in the physics; what to tell at the state's time: keys first."""
        with self._lock:
            goals = self._targets[self._n :]
        for parked, goal in zip(self._parked, goals, strict=True):
            parked.step(float(goal), torque_on=True)
        readings = self._readings(state) if self._rig.report.steps % STEPS_PER_STATE == 0 else []

        def tell() -> None:
            if self._keys is not None:
                self._keys.send(list(state.events))
            for number, reading in enumerate(readings):
                self._tell(number, reading)

        return tell

    def _readings(self, state: RigState) -> list[Reading]:
        at_rest = [(joint.angle_rad, joint.speed_rad_s, 0.0) for joint in self._parked]
        moving = (state.joint_positions, state.joint_velocities, self._simulator.motor_torques)
        rows = np.hstack((np.array(moving), np.array(at_rest).reshape(-1, 3).T))
        return [
            Reading(state.time_ns, part.names, *(row.tolist() for row in rows[:, part.at]))
            for part in self._parts
        ]
