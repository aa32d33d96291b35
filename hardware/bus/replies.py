"""What motors answer to a group read, in whichever form and order it arrives."""

from __future__ import annotations

from collections.abc import Sequence

from hardware.bus.packets import FastReply, Instruction, PacketParser


class Replies:
    """Collects the answers of one cycle: the common one to a fast sync read, or one per motor.

    Both are understood at any time, so that an answer which comes only after the question was
    put again, in the other form, still counts.

    Args:
        motor_ids: Who was asked, in the order of the request.
        size: Bytes of data per motor.

    Attributes:
        data: `(error, bytes)` by motor id: what arrived undamaged until now.
    """

    def __init__(self, motor_ids: Sequence[int], size: int) -> None:
        self.data: dict[int, tuple[int, bytes]] = {}
        self._ids = tuple(motor_ids)
        self._size = size
        self._fast = FastReply(self._ids, size)
        self._parser = PacketParser()

    @property
    def missing(self) -> list[int]:
        """Who has not answered, in the order of the request."""
        return [motor_id for motor_id in self._ids if motor_id not in self.data]

    @property
    def complete(self) -> bool:
        """Whether all have answered."""
        return len(self.data) == len(self._ids)

    @property
    def fast(self) -> bool:
        """Whether anybody has answered in the common form."""
        return bool(self._fast.blocks)

    @property
    def fast_ended(self) -> bool:
        """Whether the common answer has arrived to its end, undamaged or not."""
        return self._fast.ended

    @property
    def corrupt(self) -> int:
        """Answers whose CRC was wrong."""
        return self._parser.corrupt

    def ask_again(self) -> None:
        """Get ready for answers to another question: what was cut short gets no end any more."""
        self._parser.clear()

    def feed(self, received: bytes) -> None:
        """Take bytes from the line."""
        if not self._fast.ended:
            self._fast.feed(received)
            self.data.update(self._fast.blocks)
        for packet in self._parser.feed(received):
            wanted = packet.motor_id in self._ids and packet.instruction == Instruction.STATUS
            if wanted and len(packet.parameters) == self._size:
                self.data[packet.motor_id] = (packet.error, packet.parameters)
