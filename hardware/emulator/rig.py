"""The emulated rig: motors behind a serial device, keys behind a MIDI port, in real time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType

from hardware.emulator.faults import Faults
from hardware.emulator.keys import EmulatedKeys, MidiPort
from hardware.emulator.mechanics import Mechanics
from hardware.emulator.serial_line import LineFaults, SerialLine
from hardware.emulator.wire import Wire
from hardware.world import World
from score import KeyEvent
from sim import Rig
from sim.realtime import STEP_NS, PacingReport, request_realtime, sleep_until

GIVE_UP_NS = 100_000_000
"""How far real time may get ahead before the difference is given up [ns]."""

_CLOSE_S = 2.0
_LINE, _KEYS = 3, 4  # tell the random numbers of the lines from those of the physics


class EmulatedRig:
    """A rig in a world, behind the devices of a real one; a context manager that runs it.

    A physics step takes the goals that the motors have in its middle, so a goal acts from the
    step nearest to its arrival, as in `sim.realtime`. At the end of the step its key events go to
    the MIDI port, then the motors' encoders read the new state.

    Args:
        rig: With a `dynamixel` driver.
        world: Its truth, faults included.
        device: Path under which clients find the serial device.
        keyboard: Port for the keys; the caller closes it. None: nobody hears the keys.
        trial: Which draw of the world's noise and of its lines' faults.

    Attributes:
        mechanics: What the motors turn.
        motors: By joint.
        line: The serial line.
        faults: What can break.
        report: How well real time was kept.
        scheduling: Of the thread that runs the physics.

    Raises:
        HardwareError: the rig has no such motors, or the device cannot be made.
        WorldError: the world is impossible with this rig.
    """

    def __init__(
        self,
        rig: Rig,
        world: World,
        device: Path,
        keyboard: MidiPort | None = None,
        trial: int = 0,
    ) -> None:
        self.report = PacingReport()
        self.scheduling = "not started"
        self.mechanics = Mechanics(rig, world, trial)
        self.motors = self.mechanics.motors
        self._lock = threading.Lock()
        self._keys = None
        if keyboard is not None:
            seed = [_KEYS, world.seed, trial]
            pitch = rig.keyboard.lowest_pitch
            self._keys = EmulatedKeys(keyboard, pitch, world.faults.midi_drop, seed)
        line_faults = LineFaults(
            world.faults.serial_drop, world.faults.serial_corrupt, [_LINE, world.seed, trial]
        )
        wire = Wire(list(self.motors.values()))
        self.line = SerialLine(wire, device, self._lock, line_faults)
        self.faults = Faults(self.line, self.motors, self._keys, rig.finger_joints[0][0])
        try:
            for event in world.faults.events:
                self.faults.plan(event)
        except BaseException:
            self.line.close()
            raise
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulated world", daemon=True)

    def __enter__(self) -> EmulatedRig:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.close()

    @property
    def device(self) -> Path:
        """Path under which clients find the serial device."""
        return self.line.device

    @property
    def running(self) -> bool:
        """Whether its time goes on."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Let its time, and that of its faults, begin."""
        self._start_ns = self._time_ns = time.monotonic_ns()
        self._thread.start()

    def close(self) -> None:
        """Stop it and take the serial device away; closing again does nothing."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)
        self.line.close()

    def power_cycle(self) -> None:
        """Switch the motors' supply off and on: they forget all but their EEPROM, and the turns."""
        with self._lock:
            for motor in self.motors.values():
                motor.health.cool()
                motor.reboot(time.monotonic_ns())

    def _run(self) -> None:
        self.scheduling = request_realtime()
        while not self._ending.is_set():
            self._catch_up()
            sleep_until(self._time_ns + STEP_NS // 2)
            with self._lock:
                events = self.mechanics.step()
            self._time_ns += STEP_NS
            sleep_until(self._time_ns)
            self._tell(events)

    def _tell(self, events: list[KeyEvent]) -> None:
        self.report.steps += 1
        self.report.late += time.monotonic_ns() - self._time_ns > STEP_NS // 2
        if self._keys is not None:
            self._keys.send(events)
        with self._lock:
            self.mechanics.tell()
            for motor in self.motors.values():
                motor.advance(self._time_ns)
        self.faults.advance((self._time_ns - self._start_ns) * 1e-9)

    def _catch_up(self) -> None:
        """Give up what is missing when the computer was too far behind."""
        behind_ns = time.monotonic_ns() - self._time_ns
        if behind_ns > GIVE_UP_NS:
            lost_ns = behind_ns // STEP_NS * STEP_NS
            self._time_ns += lost_ns
            self.report.lost_s += lost_ns * 1e-9
