"""How well the bus keeps its rate: cycles at 100 Hz, on hardware or on the emulated rig."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from hardware.bus.exchange import MotorBus
from hardware.emulator.rig import EmulatedRig
from hardware.errors import BusError
from hardware.world import load_world
from sim import load_rig
from sim.realtime import request_realtime, sleep_until

PERIOD_NS = 10_000_000
"""Period of the bus loop [ns]: 100 Hz."""

START_TIMEOUT_S = 60.0
"""The emulated rig is a new process, imports the simulator first and compiles a model."""

_WARM_UP_CYCLES = 20
_LOOK_S = 0.2


@dataclass
class Cycles:
    """What was measured of each cycle, in order.

    Attributes:
        started_ns: When it was begun, by the monotonic clock.
        late_ns: How long after its deadline.
        took_ns: Until all had answered, or were given up.
        stamp_age_ns: From the stamp of the joint states until they were there.
        repeated: Whether a question had to be put again.
        cpu_s: Processor time of the loop's thread in all.
        scheduling: Of that thread.
    """

    started_ns: list[int] = field(default_factory=list)
    late_ns: list[int] = field(default_factory=list)
    took_ns: list[int] = field(default_factory=list)
    stamp_age_ns: list[int] = field(default_factory=list)
    repeated: list[bool] = field(default_factory=list)
    cpu_s: float = 0.0
    scheduling: str = ""


def measure_cycles(
    bus: MotorBus, seconds: float, show: Callable[[float], None] = lambda _: None
) -> Cycles:
    """Write the positions of all motors as their goals and read their state, 100 times a second.

    Nothing moves, whether torque is on or off. On a busy computer the calling thread should have
    real-time priority, too (`request_realtime`): it shares Python's lock with the loop.

    Args:
        bus: Motors, all of which answer.
        seconds: How long.
        show: Is told now and then which share is done.

    Raises:
        BusError: nobody answers.
        PortLost: the device went away.
    """
    cycles, failures = Cycles(), list[BaseException]()
    thread = threading.Thread(target=_run, args=(bus, round(seconds * 100), cycles, failures))
    thread.start()
    while thread.is_alive():
        thread.join(_LOOK_S)
        show(min(len(cycles.started_ns) / (seconds * 100), 1.0))
    if failures:
        raise failures[0]
    return cycles


def summary(bus: MotorBus, cycles: Cycles) -> dict[str, object]:
    """The figures of a measurement; times in ms."""
    late = np.array(cycles.late_ns)
    gaps_ns = np.diff(cycles.started_ns)
    span_s = (cycles.started_ns[-1] - cycles.started_ns[0] + PERIOD_NS) / 1e9
    took, repeated = np.array(cycles.took_ns), np.array(cycles.repeated)
    return {
        "motors": len(bus.motor_ids),
        "baud_rate": bus.port.baud,
        "cycles": len(took),
        "hz": round(len(took) / span_s, 3),
        "lost_cycles": bus.losses.lost_cycles,
        "missing": {str(i): n for i, n in sorted(bus.losses.missing.items()) if n},
        "questions_repeated": bus.losses.repeated,
        "answers_corrupt": bus.losses.corrupt,
        "late_starts": int(np.sum(late > PERIOD_NS)),
        "period_error_ms": _spread(np.abs(gaps_ns - PERIOD_NS)),
        "exchange_ms": _spread(took),
        "exchange_with_a_loss_ms": _spread(took[repeated]),
        "stamp_age_ms": _spread(cycles.stamp_age_ns),
        "cpu_percent": round(100.0 * cycles.cpu_s / span_s, 2),
        "scheduling": cycles.scheduling,
    }


@contextmanager
def emulated_motors(rig_name: str, drop: float = 0.0) -> Iterator[Path]:
    """The motors of an emulated rig in a process of its own, with its physics and its wire time.

    Args:
        rig_name: Which rig.
        drop: Share of packets that the line loses.

    Yields:
        Path of the serial device.

    Raises:
        BusError: it does not start.
    """
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="dacapo-bench-") as folder:
        device = Path(folder) / "motors"
        ours, theirs = context.Pipe()
        process = context.Process(target=_emulate, args=(rig_name, device, drop, theirs))
        process.start()
        theirs.close()
        try:
            _wait_until_ready(ours)
            yield device
        finally:
            ours.close()  # is what ends it
            process.join()


def _wait_until_ready(connection: Connection) -> None:
    try:
        ready = connection.poll(START_TIMEOUT_S) and connection.recv()
    except EOFError:
        ready = False
    if not ready:
        raise BusError("the emulated rig does not start: run 'dacapo emulate' and look why")


def _emulate(rig_name: str, device: Path, drop: float, connection: Connection) -> None:
    """Run an emulated rig until the other end of the connection is closed."""
    request_realtime()  # this thread, too: while it waits for a core with Python's lock, all wait
    with EmulatedRig(load_rig(rig_name), load_world("nominal"), device) as rig:
        rig.line.faults.drop = drop
        connection.send(True)
        while not connection.poll(_LOOK_S):
            pass


def _run(bus: MotorBus, count: int, cycles: Cycles, failures: list[BaseException]) -> None:
    try:
        cycles.scheduling = request_realtime()
        goals = _warm_up(bus)
        cpu_s, deadline_ns = time.thread_time(), time.monotonic_ns() + PERIOD_NS
        for _ in range(count):
            sleep_until(deadline_ns)
            _cycle(bus, goals, deadline_ns, cycles)
            deadline_ns += PERIOD_NS
        cycles.cpu_s = time.thread_time() - cpu_s
    except BaseException as error:  # for the thread that waits
        failures.append(error)


def _warm_up(bus: MotorBus) -> dict[int, int]:
    """Load all that is needed; the positions of the motors."""
    positions: dict[int, int] = {}
    for _ in range(_WARM_UP_CYCLES):
        states = bus.exchange().states
        positions |= {motor_id: state.position_ticks for motor_id, state in states.items()}
    if not positions:
        raise BusError(f"no motor answers on {bus.port.device}: run 'dacapo doctor hand'")
    bus.losses.reset()
    return positions


def _cycle(bus: MotorBus, goals: Mapping[int, int], deadline_ns: int, cycles: Cycles) -> None:
    before = bus.losses.repeated
    started_ns = time.monotonic_ns()
    reading = bus.exchange(goals)
    ended_ns = time.monotonic_ns()
    cycles.started_ns.append(started_ns)
    cycles.late_ns.append(started_ns - deadline_ns)
    cycles.took_ns.append(ended_ns - started_ns)
    cycles.stamp_age_ns.append(ended_ns - reading.time_ns)
    cycles.repeated.append(bus.losses.repeated > before)


def _spread(times_ns: Sequence[int] | np.typing.NDArray[np.int64]) -> dict[str, float] | None:
    """Median, 99th percentile and maximum [ms]; None of nothing."""
    if len(times_ns) == 0:
        return None
    p50, p99, highest = np.percentile(times_ns, [50, 99, 100]) / 1e6
    return {"p50": round(p50, 3), "p99": round(p99, 3), "max": round(highest, 3)}
