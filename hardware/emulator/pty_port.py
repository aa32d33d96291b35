"""A pty behind a stable name: to whoever opens it, a serial device that can be unplugged."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from pathlib import Path

from hardware.errors import BusError

_BAUD_OF_SPEED = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name.startswith("B") and name[1:].isdecimal()
}
_OUTPUT_SPEED = 5  # place in what tcgetattr returns
_PTY_FOLDER = "/dev/pts"


class PtyPort:
    """The motors' end of a serial device. Not for several threads, except `wake`.

    Args:
        link: Path under which clients find the device; made here, and gone while it is unplugged.

    Raises:
        BusError: something else is there, or the folder cannot be written.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master: int | None = None
        self._slave = -1
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        try:
            _check_free(link)
            self.plug()
        except BaseException:
            self.close()
            raise

    @property
    def plugged(self) -> bool:
        """Whether there is a device."""
        return self._master is not None

    @property
    def baud_rate(self) -> int:
        """At which the client talks [bit/s]; 0 while unplugged."""
        if self._master is None:
            return 0
        return _BAUD_OF_SPEED.get(termios.tcgetattr(self._master)[_OUTPUT_SPEED], 0)

    def plug(self) -> None:
        """Make the device, under another number than before but the same link.

        Raises:
            BusError: the link cannot be made.
        """
        if self._master is not None:
            return
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)  # held open here, so that settings outlive a client
        temporary = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        try:
            self.link.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(os.ttyname(self._slave))
            temporary.replace(self.link)
        except OSError as error:
            raise BusError(
                f"{self.link}: cannot be made ({error.strerror}): choose another --port"
            ) from error

    def unplug(self) -> None:
        """Take the device away from whoever has it open, and its link."""
        if self._master is None:
            return
        if _points_to(self.link, os.ttyname(self._slave)):
            self.link.unlink()
        for handle in (self._master, self._slave):
            os.close(handle)
        self._master = None

    def read(self) -> bytes:
        """Wait for bytes from the client; nothing when `wake` was called instead."""
        handles = [self._wake_read] + ([] if self._master is None else [self._master])
        ready = select.select(handles, [], [])[0]
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._master is None or self._master not in ready:
            return b""
        try:
            return os.read(self._master, 65536)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Send bytes; what a client that does not read leaves no room for is lost."""
        if self._master is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def wake(self) -> None:
        """Let `read` return. From any thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Unplug for good."""
        self.unplug()
        for handle in (self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(handle)


def _check_free(link: Path) -> None:
    if link.is_symlink():
        target = os.readlink(link)
        if target.startswith(_PTY_FOLDER) and Path(target).exists():
            raise BusError(
                f"{link} leads to {target}: another rig is emulated there; end it, remove the link "
                "if there is none, or choose another --port"
            )
    elif link.exists():
        raise BusError(f"{link} exists and is no link of an emulated rig: choose another --port")


def _points_to(link: Path, target: str) -> bool:
    return link.is_symlink() and os.readlink(link) == target
