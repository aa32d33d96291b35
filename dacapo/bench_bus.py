"""`dacapo bench bus`: whether the motor bus keeps 100 Hz, and why it does not."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dacapo.output import print_json, print_table, remark
from dacapo.progress import LiveLine, bar
from dacapo.verbs import DEFAULT_RIG

if TYPE_CHECKING:
    from pathlib import Path

    from hardware.bus.checks import Finding

DROP = 0.01
"""Share of packets that the line loses in the second half of the measurement on the emulator."""

LOSSY_SHARE = 0.1
"""Length of that second part, relative to the first."""


def bench_bus(arguments: argparse.Namespace) -> int:
    """Measures with `port` and `seconds`; exit code 1 when a cycle was lost."""
    from sim.realtime import leave_realtime, request_realtime

    request_realtime()  # this thread, too: it shares Python's lock with the loop
    try:
        with LiveLine() as line:
            results = _measure_buses(arguments, line)
    finally:
        leave_realtime()
    if arguments.json:
        print_json(results)
    else:
        _print(results)
    return 1 if results["bus"]["lost_cycles"] else 0


def _measure_buses(arguments: argparse.Namespace, line: LiveLine) -> dict[str, Any]:
    """The bus that was asked for; or an emulated one, and one that loses packets."""
    from hardware.bus.bench import emulated_motors

    if arguments.port:
        return {"bus": _measure(arguments.port, arguments.seconds, line, "bus")}
    with emulated_motors(DEFAULT_RIG) as device:
        bus = _measure(device, arguments.seconds, line, "emulated bus")
    with emulated_motors(DEFAULT_RIG, DROP) as device:
        seconds = max(LOSSY_SHARE * arguments.seconds, 1.0)
        return {"bus": bus, "lossy_bus": _measure(device, seconds, line, "1 % of packets lost")}


def _measure(device: Path, seconds: float, line: LiveLine, what: str) -> dict[str, Any]:
    from hardware.bus.bench import measure_cycles, summary
    from hardware.bus.checks import check_bus
    from hardware.bus.exchange import MotorBus
    from hardware.bus.port import SerialPort
    from hardware.hand.device import dynamixel_driver
    from sim import load_rig

    driver = dynamixel_driver(load_rig(DEFAULT_RIG))
    models = dict.fromkeys(driver.motors.values(), driver.model)
    with SerialPort(device, driver.baud_rate) as port:
        findings = check_bus(port, models)
        bus = MotorBus(port, models)
        cycles = measure_cycles(bus, seconds, lambda done: line.show(f"{bar(done)} {what}"))
        return {**summary(bus, cycles), "checks": _as_records(findings)}


def _as_records(findings: list[Finding]) -> list[dict[str, object]]:
    return [
        {"name": each.name, "ok": each.ok, "detail": each.detail, "mend": each.mend}
        for each in findings
    ]


def _print(results: Mapping[str, Mapping[str, Any]]) -> None:
    rows = []
    for name in results["bus"]:
        if name != "checks":
            rows.append((name, *(_shown(result[name]) for result in results.values())))
    print_table(("", *results), rows)
    for each in results["bus"]["checks"]:
        if not each["ok"]:
            remark(f"{each['name']}: {each['detail']}: {each['mend']}")


def _shown(value: Any) -> str:  # noqa: ANN401  JSON
    if value is None or value == {}:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {number}" for key, number in value.items())
    return str(value)
