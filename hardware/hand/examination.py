"""A close look at the hand without moving it: what `dacapo doctor hand` tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from hardware.bus.checks import Finding, check_bus
from hardware.bus.exchange import MotorBus
from hardware.bus.port import SerialPort
from hardware.errors import HardwareError
from hardware.hand.device import Device, dynamixel_driver
from hardware.hand.handshake import check_own_device, motor_models, refuse_unready
from hardware.hand.joints import make_joint_map
from sim import RAIL, Rig

CYCLES = 300
"""Reads of all motors by which the bus is judged; about a second."""

BEYOND_RAD = 0.15
"""How far a joint may read beyond what the hand allows [rad]: zeros are laid by eye."""

_CYCLE_MS = 5.0  # half a period of the driver's: what is above leaves no room


def examine_hand(rig: Rig, device: Device, port_name: str | None) -> Iterator[Finding]:
    """Look at port, motors, supply, temperature, device file and bus speed, in this order.

    Ends early where nothing more can be found out. Moves nothing and changes no register.

    Args:
        rig: the plan.
        device: how this hand was built.
        port_name: serial device; None for the rig's.

    Raises:
        DeviceError: the rig has no Dynamixel motors.
    """
    driver = dynamixel_driver(rig)
    name = port_name or driver.port
    try:
        with SerialPort(name, driver.baud_rate) as port:
            yield Finding("serial device", True, f"{name} at {driver.baud_rate} bit/s")
            findings = check_bus(port, motor_models(rig))
            yield from findings
            if all(finding.ok for finding in findings if finding.name == "motors"):
                yield from _examine_hand(rig, device, MotorBus(port, motor_models(rig)))
    except HardwareError as error:
        yield _problem("serial device", error)


def _examine_hand(rig: Rig, device: Device, bus: MotorBus) -> Iterator[Finding]:
    yield _try("torque", "off", partial(refuse_unready, rig, bus))
    yield _try("device file", device.device, partial(check_own_device, rig, device, bus))
    yield _joint_angles(rig, device, bus)
    yield _speed(bus)


def _try(name: str, detail: str, check: Callable[[], None]) -> Finding:
    try:
        check()
    except HardwareError as error:
        return _problem(name, error)
    return Finding(name, True, detail)


def _joint_angles(rig: Rig, device: Device, bus: MotorBus) -> Finding:
    """Whether the fingers are where their joints can be: a slipped horn or gear shows here."""
    joint_map, states = make_joint_map(rig, device), bus.exchange().states
    ticks = [states[i].position_ticks if i in states else np.nan for i in joint_map.motor_ids]
    positions = joint_map.positions(np.array(ticks, float)).tolist()
    for name, angle in zip(joint_map.names, positions, strict=True):
        if name == RAIL:
            continue
        low, high = rig.hand_data.joint_range(name)
        if not low - BEYOND_RAD <= angle <= high + BEYOND_RAD:
            detail = f"{name} reads {angle:+.2f} rad, the hand allows {low:g} to {high:g}"
            return Finding("joint angles", False, detail, "mount its horn anew, then set up")
    return Finding("joint angles", True, "within what the hand allows")


def _speed(bus: MotorBus) -> Finding:
    """How fast all motors are read, and the usual causes where that is slow."""
    losses, durations = bus.losses, []
    repeated, lost = losses.repeated, losses.lost_cycles
    for _ in range(CYCLES):
        started_ns = time.monotonic_ns()
        bus.exchange()
        durations.append((time.monotonic_ns() - started_ns) / 1e6)
    p99 = float(np.percentile(durations, 99))
    repeated, lost = losses.repeated - repeated, losses.lost_cycles - lost
    detail = (
        f"{1e3 / float(np.median(durations)):.0f} reads of all motors per second, p99 {p99:.1f} ms,"
        f" {repeated} questions repeated, {lost} of {CYCLES} reads incomplete"
    )
    if not lost and float(np.median(durations)) <= _CYCLE_MS:  # a busy computer is not the bus
        return Finding("speed", True, detail)
    causes = "the adapter's latency timer, the motors' return delay, or a USB hub or loose cable"
    return Finding("speed", False, detail, f"look at {causes} (docs/hardware.md)")


def _problem(name: str, error: HardwareError) -> Finding:
    """An error as a finding: what is before the last colon is what, behind it is the cure."""
    detail, _, mend = str(error).rpartition(": ")
    return Finding(name, False, detail or mend, mend if detail else "")
