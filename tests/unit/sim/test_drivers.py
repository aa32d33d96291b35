"""The `driver` section of rig files: complete or refused, and no part of the rig's hash."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

import sim
from sim import Rig, RigError, load_rig
from sim.drivers import DynamixelDriver, RosTrajectoryDriver

RIGS = Path(sim.__file__).parent / "rigs"
LEAP: dict[str, Any] = yaml.safe_load((RIGS / "leap_rail_49.yaml").read_text())
ALLEGRO: dict[str, Any] = yaml.safe_load((RIGS / "allegro_slide_49.yaml").read_text())

HASHES = {  # as policies of the zoo carry them, made before rigs had drivers
    "allegro_slide_49": "715a59bac016eab1410e84713314f32b8e84bcf4356514bfddd2ccec182fbe69",
    "leap_rail_49": "680ea56df14dee214bfa8874ace3bdb3d3be0b7a4976a08e7c27079a66000356",
}


def driver_changed(base: dict[str, Any], **changes: object) -> dict[str, Any]:
    content = copy.deepcopy(base)
    content["driver"].update(changes)
    return content


def refusal(content: dict[str, Any], tmp_path: Path) -> str:
    file = tmp_path / "rig.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(RigError) as caught:
        load_rig(file)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", HASHES)
def test_the_hash_is_what_it_was_without_drivers(name: str) -> None:
    rig = load_rig(name)
    assert rig.driver is not None
    assert rig.hash == HASHES[name]
    assert rig.model_copy(update={"driver": None}).hash == HASHES[name]


def test_the_leap_hand_has_the_ids_it_is_built_with() -> None:
    driver = load_rig("leap_rail_49").driver
    assert isinstance(driver, DynamixelDriver)
    fingers = [f"{finger}_{joint}" for finger in ("if", "mf", "rf") for joint in JOINTS]
    order = [*fingers, "th_cmc", "th_axl", "th_mcp", "th_ipl", "rail"]
    assert [driver.motors[joint] for joint in order] == list(range(17))


JOINTS = ("rot", "mcp", "pip", "dip")


def test_the_allegro_hand_is_reached_through_two_controllers() -> None:
    rig = load_rig("allegro_slide_49")
    assert isinstance(rig.driver, RosTrajectoryDriver)
    assert set(rig.driver.ramps_s) == set(rig.joint_names) | set(rig.hand.parked_rad)


def test_a_rig_needs_no_driver() -> None:
    content = copy.deepcopy(LEAP)
    del content["driver"]
    assert Rig.model_validate(content).driver is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "telepathy"}, "telepathy"),
        ({"motors": LEAP["driver"]["motors"] | {"if_mcp": 0}}, "if_mcp and if_rot share motor 0"),
        ({"motors": LEAP["driver"]["motors"] | {"tail": 30}}, "no joint tail"),
        ({"motors": {"rail": 16}}, "no motor for if_dip, if_mcp"),
        ({"motors": LEAP["driver"]["motors"] | {"rail": 253}}, "rail"),
        ({"baud_rate": 4000001}, "baud_rate"),
        ({"finger_gains": {"position_p": 20000, "position_d": 0}}, "position_p"),
        ({"rail_stop_m": 0.0}, "the stop stands within rail.range_m"),
        ({"rail_m_per_rad": 0.0}, "rail_m_per_rad"),
        ({"speed": 3}, "speed"),
    ],
    ids=lambda case: str(case)[:30],
)
def test_a_bad_dynamixel_driver_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    assert message in refusal(driver_changed(LEAP, **changes), tmp_path)


def test_a_bad_trajectory_driver_is_refused(tmp_path: Path) -> None:
    arm, hand = ALLEGRO["driver"]["controllers"][1], ALLEGRO["driver"]["controllers"][0]
    slow, nameless = arm | {"ramp_s": 5.0}, arm | {"command_topic": "not a topic"}
    for controllers, message in (
        ([hand], "none moves rail"),
        ([hand, arm, arm], "two move rail"),
        ([hand, slow], "ramp_s"),
        ([hand, nameless], "command_topic"),
        ([hand, arm | {"joints": {"rail": "slide", "tail": "t"}}], "no joint tail"),
    ):
        assert message in refusal(driver_changed(ALLEGRO, controllers=controllers), tmp_path)
