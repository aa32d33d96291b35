"""The emulated rig in real time: what its motors and keys do, and what can break."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardware.bus.exchange import MotorBus
from hardware.bus.packets import ALERT
from hardware.bus.port import SerialPort
from hardware.bus.registers import REGISTERS, pack
from hardware.emulator.mechanics import Mechanics
from hardware.emulator.rig import EmulatedRig
from hardware.errors import HardwareError, WorldError
from hardware.world import World, load_world
from sim import load_rig
from sim.realtime import STEP_NS

RIG = load_rig("leap_rail_49")
RAIL_ID = 16
IF_MCP = 1


class Listener:
    """What a MIDI port was told, with the time at which it was told."""

    def __init__(self) -> None:
        self.notes: list[tuple[int, bool, int, int]] = []
        self.other: list[bytes] = []
        self.plugged = True

    def key(self, down: bool, pitch: int, velocity: int) -> None:
        if self.plugged:
            self.notes.append((time.monotonic_ns(), down, pitch, velocity))

    def send(self, message: bytes) -> None:
        self.other.append(message)

    def unplug(self) -> None:
        self.plugged = False

    def replug(self) -> None:
        self.plugged = True


def world_with(**sections: object) -> World:
    return World.model_validate({"schema": 1, "name": "test", **sections})


@contextmanager
def running(
    tmp_path: Path, world: World | None = None, keyboard: Listener | None = None
) -> Iterator[tuple[EmulatedRig, MotorBus]]:
    rig = EmulatedRig(RIG, world or load_world("nominal"), tmp_path / "motors", keyboard)
    with rig, SerialPort(rig.device) as port:
        yield rig, MotorBus(port, range(17))


def until(condition: Callable[[], bool], timeout_s: float = 3.0) -> bool:
    give_up_at = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.005)
    return condition()


def activate(bus: MotorBus, watchdog: int = 0) -> dict[int, int]:
    """Torque on for all, at their present positions; fingers capped by current."""
    ids = bus.motor_ids
    bus.write_all("Operating_Mode", {i: 4 if i == RAIL_ID else 5 for i in ids})
    present = {i: state.position_ticks for i, state in bus.exchange().states.items()}
    assert len(present) == 17
    bus.write_all("Position_P_Gain", {i: 800 if i == RAIL_ID else 600 for i in ids})
    bus.write_all("Position_D_Gain", dict.fromkeys(ids, 200))
    bus.write_all("Goal_Position", present)
    bus.write_all("Bus_Watchdog", dict.fromkeys(ids, watchdog))
    bus.write_all("Torque_Enable", dict.fromkeys(ids, 1))
    return present


def position(bus: MotorBus, motor_id: int) -> int:
    return bus.exchange().states[motor_id].position_ticks


def test_motors_go_to_their_goals_and_keep_real_time(tmp_path: Path) -> None:
    with running(tmp_path) as (rig, bus):
        goals = activate(bus)
        goals |= {IF_MCP: goals[IF_MCP] - 150, RAIL_ID: goals[RAIL_ID] + 800, 15: 2300}
        bus.exchange(goals)
        assert until(lambda: abs(position(bus, RAIL_ID) - goals[RAIL_ID]) < 40)
        states = bus.exchange().states
        for motor_id in (IF_MCP, 15):
            assert states[motor_id].position_ticks == pytest.approx(goals[motor_id], abs=40)
        assert not any(state.alert for state in states.values())
        assert rig.report.lost_s == 0.0


def test_limp_motors_do_not_pull(tmp_path: Path) -> None:
    with running(tmp_path) as (_, bus):
        goals = activate(bus)
        bus.write_all("Torque_Enable", dict.fromkeys(bus.motor_ids, 0))
        bus.exchange({RAIL_ID: goals[RAIL_ID] + 1000})
        time.sleep(0.3)
        assert position(bus, RAIL_ID) == pytest.approx(goals[RAIL_ID], abs=40)


def test_the_watchdog_holds_the_hand_when_the_cable_is_pulled(tmp_path: Path) -> None:
    with running(tmp_path) as (rig, bus):
        goals = activate(bus, watchdog=5)
        bus.exchange({RAIL_ID: goals[RAIL_ID] + 4000})
        time.sleep(0.05)
        rig.line.unplug()
        assert until(lambda: rig.motors["rail"].table["Bus_Watchdog"] == -1, 0.5)
        assert all(motor.torque_on for motor in rig.motors.values())
        rig.line.plug()
    assert not (tmp_path / "motors").is_symlink()


def test_homing_against_the_end_stop_finds_a_force(tmp_path: Path) -> None:
    with running(tmp_path) as (rig, bus):
        goals = activate(bus)
        bus.write_all("Goal_PWM", {RAIL_ID: 250})
        bus.write_all("Profile_Velocity", {RAIL_ID: 300})
        bus.write_all("Goal_Position", {RAIL_ID: goals[RAIL_ID] - 20_000})
        assert until(
            lambda: (
                bus.exchange().states[RAIL_ID].current_ma < -450
                and abs(bus.exchange().states[RAIL_ID].velocity_raw) <= 2
            ),
            6.0,
        )
        rail_m = rig.mechanics.simulator.joint_positions[0]
        assert rail_m == pytest.approx(RIG.rail.range_m[0], abs=0.004)


def test_switching_the_power_off_forgets_turns_and_goals(tmp_path: Path) -> None:
    with running(tmp_path) as (rig, bus):
        goals = activate(bus)
        bus.exchange({RAIL_ID: goals[RAIL_ID] + 6000})
        assert until(lambda: position(bus, RAIL_ID) > 4096)
        rig.power_cycle()
        time.sleep(0.25)
        states = bus.exchange().states
        assert 0 <= states[RAIL_ID].position_ticks < 4096
        assert not any(motor.torque_on for motor in rig.motors.values())


def test_keys_sound_at_the_end_of_the_step_that_pressed_them(tmp_path: Path) -> None:
    keyboard = Listener()
    with running(tmp_path, keyboard=keyboard) as (rig, bus):
        goals = activate(bus)
        press_three(bus, goals)
        assert until(lambda: len(keyboard.notes) > 0)
        start_ns = rig._start_ns
        lift(bus, goals)
        assert until(lambda: not sounding(keyboard))
    late_ns = [(when - start_ns) % STEP_NS for when, *_ in keyboard.notes]
    assert sorted(late_ns)[len(late_ns) // 2] < 1_000_000
    assert all(36 <= pitch <= 84 for _, _, pitch, _ in keyboard.notes)
    assert all(1 <= velocity <= 127 for _, down, _, velocity in keyboard.notes if down)


def test_a_stuck_key_never_reports_that_it_came_up(tmp_path: Path) -> None:
    keyboard = Listener()
    with running(tmp_path, keyboard=keyboard) as (rig, bus):
        rig.faults.stuck_key()
        goals = activate(bus)
        press_three(bus, goals)
        assert until(lambda: len(sounding(keyboard)) >= 2)
        lift(bus, goals)
        assert until(lambda: len(sounding(keyboard)) == 1)
        time.sleep(0.2)
        assert sounding(keyboard) == {next(pitch for _, down, pitch, _ in keyboard.notes if down)}


def press_three(bus: MotorBus, goals: dict[int, int]) -> None:
    """Bend the three playing fingers at their base, down into the keys."""
    bus.exchange({motor_id: goals[motor_id] + 500 for motor_id in (1, 5, 9)})


def lift(bus: MotorBus, goals: dict[int, int]) -> None:
    bus.exchange({motor_id: goals[motor_id] for motor_id in (1, 5, 9)})


def sounding(keyboard: Listener) -> set[int]:
    down: set[int] = set()
    for _, pressed, pitch, _ in list(keyboard.notes):
        (down.add if pressed else down.discard)(pitch)
    return down


def test_events_of_a_world_happen_at_their_times(tmp_path: Path) -> None:
    events = [
        {"at_s": 0.6, "kind": "midi_unplug"},
        {"at_s": 0.3, "kind": "motor_overload", "joint": "mf_pip"},
        {"at_s": 0.4, "kind": "motor_silent", "joint": "rf_dip"},
        {"at_s": 0.3, "kind": "midi_flood"},
        {"at_s": 0.5, "kind": "power_sag"},
        {"at_s": 0.7, "kind": "serial_unplug"},
        {"at_s": 0.9, "kind": "serial_replug"},
    ]
    keyboard = Listener()
    with running(tmp_path, world_with(faults={"events": events}), keyboard) as (rig, bus):
        assert not bus.exchange().states[6].error & ALERT
        assert until(lambda: bool(bus.exchange().states[6].error & ALERT), 0.6)
        assert until(lambda: 11 in bus.exchange().missing, 0.6)
        assert until(lambda: not keyboard.plugged)
        assert rig.motors["rail"].health.voltage_v < 3.5
        assert until(lambda: not rig.device.is_symlink())
        assert until(rig.device.is_symlink)
        assert until(lambda: rig.motors["rail"].health.voltage_v == 5.0)
        assert len(keyboard.other) == pytest.approx(2000, rel=0.05)


def test_a_fault_of_a_joint_without_a_motor_is_refused(tmp_path: Path) -> None:
    world = world_with(faults={"events": [{"at_s": 1.0, "kind": "motor_hot", "joint": "elbow"}]})
    with pytest.raises(WorldError, match="joint 'elbow', which has no motor"):
        EmulatedRig(RIG, world, tmp_path / "motors")
    assert not (tmp_path / "motors").is_symlink()


def test_a_rig_without_motors_on_a_bus_has_no_mechanics() -> None:
    with pytest.raises(HardwareError, match="has ros_trajectory, not dynamixel"):
        Mechanics(load_rig("allegro_slide_49"), load_world("nominal"))


def test_the_same_goals_give_the_same_motion_and_another_trial_another() -> None:
    def run(trial: int) -> list[float]:
        mechanics = Mechanics(RIG, load_world("workshop-a"), trial)
        goal = REGISTERS["Goal_Position"]
        for joint, motor in mechanics.motors.items():
            motor.write(REGISTERS["Torque_Enable"].address, b"\1")
            if joint != "rail":
                motor.write(goal.address, pack(goal, 2200))
        seen = []
        for _ in range(60):
            mechanics.step()
            mechanics.tell()
            seen += mechanics.simulator.joint_positions.tolist()
        return seen

    assert run(0) == run(0) != run(1)
