"""Motors behind a serial device: a thread that answers when the line would have."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np

from hardware.bus.packets import Packet, PacketParser
from hardware.emulator.pty_port import PtyPort
from hardware.emulator.wire import Wire
from sim.realtime import request_realtime, sleep_until

BITS_PER_BYTE = 10
"""On the line: start bit, eight bits, stop bit."""

_FRAME_BYTES = 10  # of an instruction packet without parameters
_CLOSE_S = 2.0

T = TypeVar("T")


class LineFaults:
    """Which packets the line loses or damages, in either direction.

    Args:
        drop: Share of packets that vanish.
        corrupt: Share of packets in which one byte is wrong.
        seed: Of the draw.
    """

    def __init__(self, drop: float = 0.0, corrupt: float = 0.0, seed: int | list[int] = 0) -> None:
        self.drop, self.corrupt = drop, corrupt
        self._rng = np.random.default_rng(seed)
        self._dropped_next = 0

    def drop_next(self, count: int) -> None:
        """Lose the next `count` packets."""
        self._dropped_next += count

    def lost(self) -> bool:
        """Whether the next packet vanishes."""
        if self._dropped_next:
            self._dropped_next -= 1
            return True
        return bool(self.drop) and self._rng.random() < self.drop

    def damaged(self) -> bool:
        """Whether the next packet is damaged."""
        return bool(self.corrupt) and self._rng.random() < self.corrupt

    def damage(self, data: bytes) -> bytes:
        """The same bytes with one of them wrong."""
        garbled = bytearray(data)
        garbled[self._rng.integers(len(data))] ^= int(self._rng.integers(1, 256))
        return bytes(garbled)


class SerialLine:
    """A serial device with motors behind it; a context manager.

    A reply is handed over when its last byte would have arrived: after the request's time on the
    line, the motors' return delays and its own time on the line, at the client's baud rate.

    Args:
        wire: The motors.
        link: Path under which clients find the device.
        lock: Held while motors obey; whoever else looks at them holds it, too.
        faults: What the line does to packets.

    Attributes:
        faults: What the line does to packets.
        scheduling: Of the thread that answers.
        packets: Instructions heard since the start.

    Raises:
        BusError: the device cannot be made.
    """

    def __init__(
        self,
        wire: Wire,
        link: Path,
        lock: threading.Lock | None = None,
        faults: LineFaults | None = None,
    ) -> None:
        self.faults = faults or LineFaults()
        self.scheduling = "not started"
        self.packets = 0
        self._wire = wire
        self._lock = lock or threading.Lock()
        self._port = PtyPort(link)
        self._parser = PacketParser()
        self._free_ns = 0
        self._requests: deque[Callable[[], None]] = deque()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulated line", daemon=True)
        self._thread.start()

    def __enter__(self) -> SerialLine:
        """The line itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the device away."""
        self.close()

    @property
    def device(self) -> Path:
        """Path under which clients find the device."""
        return self._port.link

    def unplug(self) -> None:
        """Pull the USB cable: the device is gone, the motors stay as they are."""
        self._ask(self._port.unplug)

    def plug(self) -> None:
        """Plug the USB cable in again: a new device under the same link."""
        self._ask(self._port.plug)

    def close(self) -> None:
        """Take the device away for good; closing again does nothing."""
        if not self._ending.is_set():
            self._ending.set()
            self._port.wake()
            self._thread.join(_CLOSE_S)
            self._port.close()

    def _ask(self, request: Callable[[], None]) -> None:
        """Let the thread, whose port it is, do something, and wait until it has."""
        done = threading.Event()

        def carry_out() -> None:
            try:
                request()
            finally:
                done.set()

        self._requests.append(carry_out)
        self._port.wake()
        done.wait(_CLOSE_S)

    def _run(self) -> None:
        self.scheduling = request_realtime()
        while not self._ending.is_set():
            data = self._port.read()
            while self._requests:
                self._requests.popleft()()
                self._parser.clear()
            if data and self._port.plugged:
                heard_ns, baud_rate = time.monotonic_ns(), self._port.baud_rate
                for packet in self._parser.feed(data) if baud_rate else ():
                    self._serve(packet, baud_rate, heard_ns)

    def _serve(self, packet: Packet, baud_rate: int, heard_ns: int) -> None:
        self.packets += 1
        byte_ns = BITS_PER_BYTE * 1e9 / baud_rate
        size = _FRAME_BYTES + len(packet.parameters)
        self._free_ns = max(self._free_ns, heard_ns) + round(size * byte_ns)
        if self.faults.lost() or self.faults.damaged():
            return  # motors ignore what fails its CRC
        with self._lock:
            reply = self._wire.serve(packet, baud_rate, self._free_ns)
        if reply is None:
            return
        self._free_ns += round(reply.delay_s * 1e9 + len(reply.data) * byte_ns)
        data = self.faults.damage(reply.data) if self.faults.damaged() else reply.data
        if not self.faults.lost():
            sleep_until(self._free_ns)
            self._port.write(data)
