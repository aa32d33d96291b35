"""The serial port of the motor bus: held exclusively, low latency, read by monotonic deadlines."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import termios
import threading
import time
from pathlib import Path
from types import TracebackType

from hardware.bus.holders import holders_of
from hardware.errors import BusError, PortLost, missing_package

try:
    import serial
except ModuleNotFoundError as error:
    raise missing_package("pyserial") from error

BAUD = 4_000_000
"""Baud rate that `dacapo hand setup-motors` gives the motors [bit/s]."""

WRITE_TIMEOUT_S = 0.1
_BITS_PER_BYTE = 10  # start, 8 data bits, stop
_FIND_PORT = "find it with 'dacapo hand find-port'"


class SerialPort:
    """An open serial port; a context manager.

    `lock` is held for the length of an exchange by whoever talks on the bus.

    Args:
        device: Path of the device; a stable symlink is followed.
        baud: Baud rate [bit/s].

    Attributes:
        device: As given.
        serial: The pyserial port, for ROBOTIS' SDK.
        lock: Makes one exchange at a time of many threads' requests.
        low_latency: Whether the driver was told not to collect bytes before handing them on;
            None where there is no such driver (a pty).

    Raises:
        BusError: the device is missing, forbidden, no serial port, or held by another process.
    """

    def __init__(self, device: str | Path, baud: int = BAUD) -> None:
        self.device = str(device)
        self._path = Path(device).resolve()
        _check_device(self.device, self._path)
        self._refuse_if_held()
        self.serial = self._open(baud)
        self.lock = threading.RLock()
        self.low_latency = self._ask_low_latency()

    def __enter__(self) -> SerialPort:
        """The port itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port."""
        self.close()

    @property
    def name(self) -> str:
        """Name of the device itself, for example `ttyUSB0`."""
        return self._path.name

    @property
    def baud(self) -> int:
        """Baud rate [bit/s]."""
        return int(self.serial.baudrate)

    @baud.setter
    def baud(self, baud: int) -> None:
        try:
            self.serial.baudrate = baud
        except (OSError, ValueError, termios.error) as error:
            raise BusError(f"{self.device}: cannot run at {baud} bit/s: {error}") from error

    @property
    def latency_timer_ms(self) -> int | None:
        """How long the USB adapter collects bytes [ms]; None where it has no such timer."""
        path = Path("/sys/bus/usb-serial/devices") / self.name / "latency_timer"
        try:
            return int(path.read_text())
        except (OSError, ValueError):
            return None

    def wire_s(self, n_bytes: int) -> float:
        """Time that so many bytes take on the line [s]."""
        return n_bytes * _BITS_PER_BYTE / self.baud

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            PortLost: the device is gone.
            BusError: it does not take them within 0.1 s.
        """
        # Not pyserial's own: it calls a write late that was done, if its process had to wait.
        try:
            handle = self.serial.fileno()
            while data:
                if not select.select([], [handle], [], WRITE_TIMEOUT_S)[1]:
                    raise BusError(f"{self.device}: takes no bytes: unplug it and plug it in")
                data = data[os.write(handle, data) :]
        except (OSError, ValueError) as error:  # ValueError: closed
            raise self._lost() from error

    def read(self, deadline_ns: int, size: int = 4096) -> bytes:
        """Wait for bytes.

        Args:
            deadline_ns: Monotonic time until which to wait [ns]; a time past only polls.
            size: How many to take at most.

        Returns:
            What was there as soon as anything was there; nothing when the deadline passed.

        Raises:
            PortLost: the device is gone.
        """
        wait_s = max(deadline_ns - time.monotonic_ns(), 0) / 1e9
        try:
            handle = self.serial.fileno()
            if not select.select([handle], [], [], wait_s)[0]:
                return b""
            data = os.read(handle, size)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:  # ValueError: closed
            raise self._lost() from error
        if not data:
            raise self._lost()
        return data

    def flush_input(self) -> None:
        """Forget bytes that have arrived and were not read.

        Raises:
            PortLost: the device is gone.
        """
        try:
            self.serial.reset_input_buffer()
        except (OSError, termios.error) as error:
            raise self._lost() from error

    def close(self) -> None:
        """Give the port back; doing so twice does no harm."""
        if self.serial.is_open:
            with contextlib.suppress(OSError, ValueError):  # already unplugged
                fcntl.ioctl(self.serial.fileno(), termios.TIOCNXCL)
            with contextlib.suppress(OSError):
                self.serial.close()

    def _refuse_if_held(self) -> None:
        holders = holders_of(self._path)
        if holders:
            raise BusError(f"{self.device} is in use by {', '.join(holders)}: end that first")

    def _open(self, baud: int) -> serial.Serial:
        try:
            port = serial.Serial(self.device, baud, timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as error:
            raise BusError(self._explain(error)) from error
        if not self._path.is_relative_to("/dev/pts"):
            # Also keeps those out who ask for no lock. Not on a pty: there it would outlive us.
            with contextlib.suppress(OSError):
                fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
        return port

    def _explain(self, error: Exception) -> str:
        number = getattr(error, "errno", None)
        if number in (errno.EACCES, errno.EPERM):
            return (
                f"{self.device}: no permission: run 'sudo usermod -aG dialout $USER', log in again"
            )
        if number in (errno.EAGAIN, errno.EBUSY):
            return f"{self.device} is in use by another process: end that first"
        return f"{self.device} cannot be opened as a serial port ({error}): {_FIND_PORT}"

    def _ask_low_latency(self) -> bool | None:
        try:
            self.serial.set_low_latency_mode(True)
        except ValueError as error:
            inapplicable = "Errno 25" in str(error) or "Errno 22" in str(error)  # ENOTTY, EINVAL
            return None if inapplicable else False
        except NotImplementedError:  # not Linux
            return None
        return True

    def _lost(self) -> PortLost:
        return PortLost(f"{self.device} is gone: plug it in and connect again")


def _check_device(device: str, path: Path) -> None:
    if not path.exists():
        raise BusError(f"{device}: no such device: plug it in, or {_FIND_PORT}")
    if not stat.S_ISCHR(path.stat().st_mode) or not _may_be_terminal(path):
        raise BusError(f"{device} is no serial port: {_FIND_PORT}")


def _may_be_terminal(path: Path) -> bool:
    """Look without touching its settings: somebody else may be talking on it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return True  # opening it for good will say why not
    try:
        return os.isatty(handle)
    finally:
        os.close(handle)
