"""What is read out of the messages of trajectory controllers."""

from typing import Any

import numpy as np
import pytest

from hardware.errors import DeviceError
from hardware.trajectory.joints import Reading, all_joints, make_parts
from sim import load_rig

RIG = load_rig("allegro_slide_49")
HAND, SLIDE = 0, 1


def reading(**changed: list[Any]) -> Reading:
    names = [f"joint_{i}" for i in range(16)]
    told: dict[str, list[Any]] = {"positions": [0.0] * 16, "velocities": [0.0] * 16, "efforts": []}
    return Reading(1, **{"names": names, **told, **changed})


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"names": ["joint_0"]}, "joint_states tells nothing of joint_1, joint_10"),
        ({"velocities": []}, "tells no velocity of joint_0"),
        ({"positions": [0.0, np.nan, *[0.0] * 14]}, "tells no position of joint_1"),
    ],
)
def test_readings_that_cannot_be_used_are_named(
    changed: dict[str, list[Any]], complaint: str
) -> None:
    part = make_parts(RIG)[HAND]
    with pytest.raises(DeviceError, match=complaint):
        part.rows(reading(**changed))


def test_efforts_need_not_be_told() -> None:
    rows = make_parts(RIG)[HAND].rows(reading())
    assert np.isnan(rows[2]).all()


def test_other_joints_on_the_topic_do_not_matter() -> None:
    slide = Reading(1, ["wrist", "slide"], [9.0, 0.1], [9.0, 0.2], [9.0, 0.3])
    np.testing.assert_array_equal(make_parts(RIG)[SLIDE].rows(slide), [[0.1], [0.2], [0.3]])


def test_a_rig_that_is_driven_otherwise_is_refused() -> None:
    with pytest.raises(DeviceError, match="has dynamixel, not ros_trajectory"):
        make_parts(load_rig("leap_rail_49"))


def test_every_joint_has_one_place() -> None:
    joints, parts = all_joints(RIG), make_parts(RIG)
    assert joints[:13] == RIG.joint_names
    assert sorted(np.concatenate([part.at for part in parts])) == list(range(len(joints)))
    assert parts[SLIDE].names == ("slide",)
