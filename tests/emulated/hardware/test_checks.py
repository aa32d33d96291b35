"""What is said about a bus that is not as it should be."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from hardware.bus.checks import Finding, check_bus, require
from hardware.bus.port import SerialPort
from hardware.emulator.health import OVERLOAD_BIT
from hardware.errors import BusError
from tests.emulated.hardware.bus_line import IDS, MODEL, Line, open_line

EXPECTED = dict.fromkeys(IDS, MODEL)


def check(line: Line, baud: int = 4_000_000) -> list[Finding]:
    with SerialPort(line.device, baud) as port:
        findings = check_bus(port, EXPECTED)
        assert port.baud == baud
        return findings


def complaints(findings: Sequence[Finding]) -> dict[str, str]:
    return {finding.name: finding.detail for finding in findings if not finding.ok}


def test_a_good_bus_passes_and_nothing_is_written(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors") as line:
        before = [bytes(motor.table.read(0, 120) or b"") for motor in line.motors]
        findings = check(line)
        require(findings)
        assert [bytes(motor.table.read(0, 120) or b"") for motor in line.motors] == before
    assert [finding.name for finding in findings] == [
        *("latency", "motors", "ids", "return delay"),
        *("hardware errors", "supply", "temperature"),
    ]
    assert findings[0].detail == "not applicable"
    assert findings[1].detail == "17 answer"
    assert findings[5].detail == "5.0 V to 5.0 V"


def test_every_missing_and_wrong_motor_is_named_at_once(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors") as line:
        line.motors[3].silent = line.motors[11].silent = True
        line.motors[7].table["Model_Number"] = 1200
        line.motors[8].table["Model_Number"] = 9
        with pytest.raises(BusError) as raised:
            require(check(line))
    for part in (
        "motor 3 is missing, motor 11 is missing",
        "motor 7 is a xl330_m288, not a xc330_m288",
        "motor 8 is a model number 9",
        "setup-motors",
    ):
        assert part in str(raised.value)


def test_two_motors_with_one_id_are_found(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors", motor_ids=(*IDS, 5)) as line:
        line.motors[-1].sense(0.5, 0.3, 0.0)
        assert complaints(check(line)) == {"ids": "more than one motor answers to id 5"}


def test_motors_at_another_baud_rate_are_found(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors", baud=1_000_000) as line:
        detail = complaints(check(line))["motors"]
    assert "nobody answers" in detail
    assert detail.endswith("at 4000000 bit/s, but 17 motors at 1000000 bit/s")


def test_a_device_without_motors_is_told_with_the_next_step(tmp_path: Path) -> None:
    with (
        open_line(tmp_path / "motors", motor_ids=()) as line,
        pytest.raises(BusError, match=r"nobody answers .*: check the motors' power .*find-port"),
    ):
        require(check(line))


def test_the_factory_s_return_delay_is_refused(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors", return_delay=250) as line:
        found = complaints(check(line))
    assert list(found) == ["return delay"]
    assert "motors 0, 1, 2" in found["return delay"]


def test_sick_motors_are_named(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors") as line:
        line.motors[4].health.fail(OVERLOAD_BIT)
        line.motors[5].supply(3.4)
        line.motors[6].health.temperature_c = 66.0
        found = complaints(check(line))
    assert found == {
        "hardware errors": "motor 4 overload, motor 5 input voltage",
        "supply": "motor 5 3.4 V",
        "temperature": "motor 6 66 °C",
    }


def test_a_noisy_line_accuses_nobody(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors") as line:
        line.serial.faults.drop = line.serial.faults.corrupt = 0.01
        for _ in range(5):
            assert "ids" not in complaints(check(line))
