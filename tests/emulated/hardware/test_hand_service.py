"""Help for an emulated hand that no driver holds: reboot, wiggle, examination."""

from __future__ import annotations

import pytest

from hardware.emulator.rig import EmulatedRig
from hardware.errors import BusError
from hardware.hand.driver import HandDriver
from hardware.hand.examination import examine_hand
from hardware.hand.service import reboot_joints
from hardware.hand.wiggle import wiggle_joint
from tests.emulated.hardware.hands import DEVICE, RIG


def test_an_overloaded_motor_is_told_and_rebooted_by_name(
    emulated: EmulatedRig, driver: HandDriver
) -> None:
    emulated.faults.motor_overload("rf_mcp")
    with pytest.raises(BusError, match="motor 9 overload"):
        driver.connect()
    outcome = reboot_joints(RIG, str(emulated.device), ["rf_mcp"])
    assert outcome == {"rf_mcp": "restarted; it had overload"}
    driver.connect()


def test_wiggle_moves_one_joint_and_leaves_it_limp(emulated: EmulatedRig) -> None:
    result = wiggle_joint(RIG, DEVICE, str(emulated.device), "mf_mcp")
    assert result.followed
    assert result.others == ()
    assert result.moved == pytest.approx(0.25, abs=0.05)
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_the_examination_moves_nothing_and_finds_everything_well(emulated: EmulatedRig) -> None:
    before = {joint: motor.goal_rad for joint, motor in emulated.motors.items()}
    findings = list(examine_hand(RIG, DEVICE, str(emulated.device)))
    assert [finding for finding in findings if not finding.ok and finding.name != "speed"] == []
    names = [finding.name for finding in findings]
    assert names[0] == "serial device"
    assert names[-4:] == ["torque", "device file", "joint angles", "speed"]
    assert before == {joint: motor.goal_rad for joint, motor in emulated.motors.items()}
    assert not any(motor.torque_on for motor in emulated.motors.values())


def test_the_examination_tells_what_is_wrong(emulated: EmulatedRig) -> None:
    emulated.motors["if_pip"].write(64, b"\x01")
    emulated.faults.motor_overload("if_dip")
    found = {each.name: each for each in examine_hand(RIG, DEVICE, str(emulated.device))}
    assert not found["hardware errors"].ok
    assert "motor 3 overload" in found["hardware errors"].detail
    assert not found["torque"].ok
    assert found["torque"].mend.endswith("then run 'dacapo hand release'")


@pytest.mark.parametrize("name", ["/dev/null", "/no/such/device"])
def test_a_wrong_device_is_one_finding(name: str) -> None:
    (finding,) = examine_hand(RIG, DEVICE, name)
    assert not finding.ok
    assert name in finding.detail
    assert finding.mend
