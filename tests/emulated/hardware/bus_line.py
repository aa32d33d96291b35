"""Seventeen emulated motors behind a serial device, for the tests of the bus."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.bus.registers import RAD_PER_TICK
from hardware.emulator.firmware import FIRMWARE_VERSION, Motor
from hardware.emulator.serial_line import SerialLine
from hardware.emulator.wire import Wire

BAUD = 4_000_000
IDS = tuple(range(17))
MODEL = "xc330_m288"


class Line:
    """A serial device and the motors behind it.

    Args:
        device: Where it appears.
        motor_ids: Of the motors; an id may come twice.
        firmware: Of all motors.
        baud: Of all motors [bit/s].
        return_delay: Register value of all motors.
    """

    def __init__(
        self,
        device: Path,
        motor_ids: tuple[int, ...] = IDS,
        firmware: int = FIRMWARE_VERSION,
        baud: int = BAUD,
        return_delay: int = 0,
    ) -> None:
        self.motors = [
            Motor(MODEL, i, baud, shaft_of(i), return_delay=return_delay, firmware=firmware)
            for i in motor_ids
        ]
        for motor in self.motors:
            motor.sense(shaft_of(motor.motor_id), -0.5, -0.001 * motor.motor_id)
        self.serial = SerialLine(Wire(self.motors), device)

    @property
    def device(self) -> Path:
        """Path of the serial device."""
        return self.serial.device


@contextmanager
def open_line(device: Path, **settings: object) -> Iterator[Line]:
    """A line that is closed at the end."""
    line = Line(device, **settings)  # type: ignore[arg-type]
    try:
        yield line
    finally:
        line.serial.close()


def shaft_of(motor_id: int) -> float:
    """Where a motor's shaft stands [rad], all within the first turn."""
    return (100 + 200 * motor_id) * RAD_PER_TICK
