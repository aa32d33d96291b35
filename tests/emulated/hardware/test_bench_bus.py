"""`dacapo bench bus`: what it measures, on a short run."""

import json
from pathlib import Path

import pytest

from dacapo.__main__ import main
from hardware.bus.bench import emulated_motors, measure_cycles, summary
from hardware.bus.exchange import MotorBus
from hardware.bus.port import SerialPort
from hardware.errors import BusError
from tests.emulated.hardware.bus_line import IDS, open_line


def test_every_cycle_is_measured_and_goals_are_where_the_motors_are(tmp_path: Path) -> None:
    shares: list[float] = []
    with open_line(tmp_path / "motors") as line, SerialPort(line.device) as port:
        bus = MotorBus(port, IDS)
        cycles = measure_cycles(bus, 0.5, shares.append)
        for motor in line.motors:
            assert motor.table["Goal_Position"] == 100 + 200 * motor.motor_id
        figures = summary(bus, cycles)
    assert figures["cycles"] == bus.losses.cycles == 50
    assert figures["lost_cycles"] == bus.losses.lost_cycles
    assert shares[-1] == 1.0
    assert len(cycles.took_ns) == len(cycles.late_ns) == 50


def test_losses_are_counted(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors") as line, SerialPort(line.device) as port:
        bus = MotorBus(port, IDS)
        line.motors[6].silent = True
        figures = summary(bus, measure_cycles(bus, 0.1))
    assert figures["missing"] == {"6": 10}
    assert figures["lost_cycles"] == 10


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with open_line(tmp_path / "motors", motor_ids=()) as line, SerialPort(line.device) as port:
        bus = MotorBus(port, IDS)
        with pytest.raises(BusError, match="no motor answers"):
            measure_cycles(bus, 0.1)


def test_the_verb_prints_figures_and_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_line(tmp_path / "motors", return_delay=50) as line:
        command = ["bench", "bus", "--port", str(line.device), "--seconds", "0.2", "--json"]
        code = main(command)
    result = json.loads(capsys.readouterr().out)["bus"]
    assert code == bool(result["lost_cycles"])
    assert result["cycles"] == 20
    assert [check["name"] for check in result["checks"] if not check["ok"]] == ["return delay"]


def test_the_emulated_rig_runs_in_a_process_of_its_own() -> None:
    with emulated_motors("leap_rail_49") as device, SerialPort(device) as port:
        bus = MotorBus(port, IDS)
        assert any(not bus.exchange().missing for _ in range(10))
    assert not device.exists()
