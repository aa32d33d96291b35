"""What is checked when the bus is opened: the adapter, the baud rate, who is there, and how.

The three usual causes of a slow or lossy bus are each looked at: the USB adapter's latency timer,
the motors' return delay, and motors that do not answer cleanly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hardware.bus.exchange import MotorBus
from hardware.bus.packets import Instruction, PacketParser, encode
from hardware.bus.polling import REPLY_S
from hardware.bus.port import SerialPort
from hardware.bus.registers import (
    BAUD_OF_CODE,
    MODEL_OF_NUMBER,
    MODELS,
    V_PER_UNIT,
    hardware_error_names,
)
from hardware.errors import BusError

LATENCY_TIMER_MS = 1
"""Longest that a USB adapter may collect bytes [ms]; 16, as from the factory, costs 16 a cycle."""

HOT_C = 60
"""Temperature at which a motor is called hot [degC]; it shuts down at 70."""

_TRIES = 3
_CHANGING = bytes((120, 0, 16, 0))  # clock, speed, position: two motors never answer the same


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        name: What was looked at.
        ok: Whether it is as it must be for playing.
        detail: What was found.
        mend: What to do next; empty if nothing.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""


def check_bus(port: SerialPort, models: Mapping[int, str]) -> list[Finding]:
    """Check all that a bus needs before motors are driven. Nothing moves; a second at most.

    Args:
        port: Open serial port.
        models: Name of the model that each motor should be, by id.

    Returns:
        What was found; later checks are left out when nobody answers.

    Raises:
        PortLost: the device is gone.
    """
    findings = [check_latency(port)]
    answers = _read(MotorBus(port, models), "Model_Number", "Return_Delay_Time")
    garbled = [i for i in models if _only_rubbish(port, i)]
    if not answers and not garbled:
        return [*findings, _nobody(port, models)]
    missing = [i for i in models if i not in answers and i not in garbled]
    findings.append(_presence({i: answers[i][0] for i in answers}, models, missing))
    findings.append(_unique(garbled))
    findings.append(_return_delay({i: answers[i][1] for i in answers}))
    findings += check_health(MotorBus(port, answers), models)
    return findings


def require(findings: Iterable[Finding]) -> None:
    """See that all is well.

    Raises:
        BusError: something is not; all of it is listed, each with what to do next.
    """
    wrong = [finding for finding in findings if not finding.ok]
    if wrong:
        raise BusError("; ".join(f"{each.name}: {each.detail}: {each.mend}" for each in wrong))


def check_latency(port: SerialPort) -> Finding:
    """How long the USB adapter holds bytes back."""
    name, timer_ms = "latency", port.latency_timer_ms
    if timer_ms is not None and timer_ms > LATENCY_TIMER_MS:
        path = f"/sys/bus/usb-serial/devices/{port.name}/latency_timer"
        mend = f"run 'echo {LATENCY_TIMER_MS} | sudo tee {path}'"
        return Finding(name, False, f"the adapter's latency timer is {timer_ms} ms", mend)
    if timer_ms is not None:
        return Finding(name, True, f"latency timer {timer_ms} ms")
    state = {True: "low-latency mode", False: "low-latency mode refused", None: "not applicable"}
    return Finding(name, True, state[port.low_latency])


def check_health(bus: MotorBus, models: Mapping[int, str]) -> list[Finding]:
    """Hardware errors, supply and temperature of all motors that answer."""
    status = _read(bus, "Hardware_Error_Status")
    present = _read(bus, "Present_Input_Voltage", "Present_Temperature")
    failed = {i: hardware_error_names(value) for i, (value,) in status.items() if value}
    errors = Finding("hardware errors", True, "none")
    if failed:
        listed = ", ".join(f"motor {i} {' and '.join(names)}" for i, names in failed.items())
        ids = " ".join(map(str, failed))
        errors = Finding(errors.name, False, listed, f"let them cool, 'dacapo hand reboot {ids}'")
    volts = {i: voltage * V_PER_UNIT for i, (voltage, _) in present.items()}
    low_high = {i: MODELS[models[i]].voltage_v for i in volts}
    return [
        errors,
        _within(
            "supply",
            volts,
            lambda i, volt: low_high[i][0] <= volt <= low_high[i][1],
            "{:.1f} V",
            "check the power supply and its cable",
        ),
        _within(
            "temperature",
            {i: float(celsius) for i, (_, celsius) in present.items()},
            lambda _, celsius: celsius < HOT_C,
            "{:.0f} °C",
            "let the hand cool down",
        ),
    ]


def answering_bauds(port: SerialPort, motor_ids: Iterable[int]) -> dict[int, list[int]]:
    """At which other baud rates motors answer; the port's rate is the same again afterwards.

    Args:
        port: Open serial port.
        motor_ids: Who is asked for.

    Returns:
        Motor ids by baud rate [bit/s].
    """
    ids, before = tuple(motor_ids), port.baud
    found = {}
    try:
        for baud in sorted(set(BAUD_OF_CODE.values()) - {before}, reverse=True):
            port.baud = baud
            if answers := MotorBus(port, ids).read_all("ID"):
                found[baud] = sorted(answers)
    finally:
        port.baud = before
    return found


def _nobody(port: SerialPort, models: Mapping[int, str]) -> Finding:
    elsewhere = answering_bauds(port, models)
    detail = f"nobody answers on {port.device} at {port.baud} bit/s"
    if elsewhere:
        rates = ", ".join(f"{len(ids)} motors at {baud} bit/s" for baud, ids in elsewhere.items())
        return Finding("motors", False, f"{detail}, but {rates}", "run 'dacapo hand setup-motors'")
    mend = "check the motors' power and cable; is this the right device? 'dacapo hand find-port'"
    return Finding("motors", False, detail, mend)


def _presence(
    numbers: Mapping[int, int], models: Mapping[int, str], missing: Sequence[int]
) -> Finding:
    """Who is missing or of another model, all at once."""
    wrong = {
        i: MODEL_OF_NUMBER[number].name if number in MODEL_OF_NUMBER else f"model number {number}"
        for i, number in numbers.items()
        if number != MODELS[models[i]].number
    }
    problems = [f"motor {i} is missing" for i in missing]
    problems += [f"motor {i} is a {name}, not a {models[i]}" for i, name in wrong.items()]
    if not problems:
        return Finding("motors", True, f"{len(numbers)} answer")
    mend = "check cables and ids: 'dacapo hand setup-motors' gives each motor its id"
    return Finding("motors", False, ", ".join(problems), mend)


def _unique(garbled: Sequence[int]) -> Finding:
    """Two motors with one id answer at the same time, and not the same."""
    if not garbled:
        return Finding("ids", True, "each motor has its own")
    ids = ", ".join(map(str, garbled))
    mend = "connect them one by one and run 'dacapo hand setup-motors'; if alone, check its cable"
    return Finding("ids", False, f"more than one motor answers to id {ids}", mend)


def _return_delay(delays: Mapping[int, int]) -> Finding:
    slow = [i for i, delay in delays.items() if delay]
    if not slow:
        return Finding("return delay", True, "0")
    ids = ", ".join(map(str, slow))
    mend = "run 'dacapo hand setup-motors'"
    return Finding("return delay", False, f"not 0 on motors {ids}, costs time every cycle", mend)


def _within(
    name: str,
    values: Mapping[int, float],
    good: Callable[[int, float], bool],
    form: str,
    mend: str,
) -> Finding:
    bad = {i: value for i, value in values.items() if not good(i, value)}
    if bad:
        listed = ", ".join(f"motor {i} {form.format(value)}" for i, value in bad.items())
        return Finding(name, False, listed, mend)
    lowest, highest = min(values.values(), default=0.0), max(values.values(), default=0.0)
    return Finding(name, True, f"{form.format(lowest)} to {form.format(highest)}")


def _read(bus: MotorBus, *names: str) -> dict[int, tuple[int, ...]]:
    """`read_all` with more patience than a control loop has."""
    answers: dict[int, tuple[int, ...]] = {}
    for _ in range(_TRIES):
        answers |= bus.read_all(*names)
        if len(answers) == len(bus.motor_ids):
            break
    return answers


def _only_rubbish(port: SerialPort, motor_id: int) -> bool:
    """Whether only rubbish comes back when one motor is asked; False also for a clean answer."""
    heard = False
    question = encode(motor_id, Instruction.READ, _CHANGING)
    for _ in range(_TRIES):
        with port.lock:
            received = _answer(port, question)
        if PacketParser().feed(received):
            return False
        heard = heard or bool(received)
    return heard


def _answer(port: SerialPort, question: bytes) -> bytes:
    """All that comes back until one packet is whole, or time is up."""
    port.flush_input()
    port.write(question)
    deadline_ns = time.monotonic_ns() + round(1e9 * (port.wire_s(64) + REPLY_S))
    received, parser = b"", PacketParser()
    while data := port.read(deadline_ns):
        received += data
        if parser.feed(data):
            break
    return received
