"""One question to many motors, put again until all have answered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hardware.bus.packets import encode_sync_read
from hardware.bus.port import SerialPort
from hardware.bus.replies import Replies

REPLY_S = 0.004
"""How much longer than its bytes take on the line an answer is waited for [s]: a USB adapter
collects for 1 ms, hands on every 1 ms, and the process is not woken at once."""

ATTEMPTS = 3
"""How often a question is put. All of them in vain cost 15 ms."""

_FAST_TRIALS = 5  # without a common answer, though all answered one by one: firmware below 46


@dataclass
class Losses:
    """What went wrong on the bus, counted since it was opened.

    Attributes:
        cycles: Reads of all motors.
        repeated: Questions put again because an answer was missing.
        corrupt: Answers whose CRC was wrong.
        lost_cycles: Cycles in which a motor did not answer in spite of every attempt.
        missing: Those cycles by motor id.
        stale: Cycles since each motor last answered, 0 if in the last one; by motor id.
    """

    cycles: int = 0
    repeated: int = 0
    corrupt: int = 0
    lost_cycles: int = 0
    missing: Counter[int] = field(default_factory=Counter)
    stale: dict[int, int] = field(default_factory=dict)

    def reset(self) -> None:
        """Count from nothing again, but remember how stale each motor is."""
        self.cycles = self.repeated = self.corrupt = self.lost_cycles = 0
        self.missing.clear()

    def count(self, missing: Collection[int]) -> None:
        """Take note of a cycle in which some motors, or none, did not answer."""
        self.cycles += 1
        self.lost_cycles += bool(missing)
        self.missing.update(missing)
        for motor_id, stale in self.stale.items():
            self.stale[motor_id] = stale + 1 if motor_id in missing else 0


class Polling:
    """Puts questions to the motors of one bus.

    Motors answer in the order in which they are asked, each after the one before, so a silent one
    may keep those behind it from answering. Who is found silent is asked last from then on.

    Args:
        port: Open serial port; whoever asks holds its lock.
        motor_ids: Who is on it.
        losses: Where repetitions and damaged answers are counted.

    Attributes:
        fast: Whether the first question asks for one common answer (fast sync read). It is left
            for plain sync read when the motors turn out not to know it.
    """

    def __init__(self, port: SerialPort, motor_ids: Sequence[int], losses: Losses) -> None:
        self.fast = True
        self._port = port
        self._order = list(motor_ids)
        self._losses = losses
        self._fast_trials = 0

    def ask(
        self,
        motor_ids: Collection[int],
        address: int,
        size: int,
        first: bytes = b"",
        attempts: int = ATTEMPTS,
    ) -> tuple[Replies, int]:
        """Ask for `size` bytes at `address` until all have answered.

        Args:
            motor_ids: Who is asked.
            address: Of the first byte.
            size: Number of bytes.
            first: What to send before, at once with the question.
            attempts: How often at most. If only once, then not for one common answer, which
                ends at the first silent motor.

        Returns:
            The answers, and when the question was last put [ns].

        Raises:
            PortLost: the device is gone.
        """
        self._port.flush_input()  # answers that came too late for the cycle before
        asked = [motor_id for motor_id in self._order if motor_id in motor_ids]
        replies, fast = Replies(asked, size), self.fast and attempts > 1
        asked_ns = time.monotonic_ns()
        for attempt in range(attempts):
            question = encode_sync_read(address, size, asked, fast=fast) if asked else b""
            asked_ns = self._send(first + question)
            self._collect(replies, asked_ns, size, fast=fast)
            if replies.complete:
                break
            asked = replies.missing if fast else self._without_a_silent_one(asked, replies)
            first, fast = b"", False
            replies.ask_again()
            self._losses.repeated += attempt + 1 < attempts
        self._losses.corrupt += replies.corrupt
        self._judge_fast(replies)
        return replies, asked_ns

    def _send(self, request: bytes) -> int:
        """Send, and return when the last byte leaves [ns]."""
        started_ns = time.monotonic_ns()
        self._port.write(request)
        return started_ns + round(1e9 * self._port.wire_s(len(request)))

    def _collect(self, replies: Replies, asked_ns: int, size: int, *, fast: bool) -> None:
        reply_bytes = len(replies.missing) * (size + 11)
        deadline_ns = asked_ns + round(1e9 * (self._port.wire_s(reply_bytes) + REPLY_S))
        while not replies.complete and not (fast and replies.fast_ended):
            received = self._port.read(deadline_ns)
            if not received:
                return
            replies.feed(received)

    def _without_a_silent_one(self, asked: list[int], replies: Replies) -> list[int]:
        """Who is asked next: those missing, but not the first of them if nobody answered."""
        missing = replies.missing
        silent = asked[0]
        if any(motor_id in replies.data for motor_id in asked):
            return missing
        self._order.remove(silent)
        self._order.append(silent)
        return [motor_id for motor_id in missing if motor_id != silent] or missing

    def _judge_fast(self, replies: Replies) -> None:
        """Leave fast sync read when all answered, but never to it."""
        if replies.fast:
            self._fast_trials = -1  # they know it
        elif self.fast and self._fast_trials >= 0 and replies.complete and len(replies.data) > 1:
            self._fast_trials += 1
            self.fast = self._fast_trials < _FAST_TRIALS
