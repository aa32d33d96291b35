"""Device files: written and read back alike, compared with the hardware, refused in one line."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.errors import DeviceError
from hardware.hand.device import check_device, nominal_device, read_device, write_device
from sim import load_rig

RIG = load_rig("leap_rail_49")
NOMINAL = nominal_device(RIG, "bench", "FT9BD0TQ")
CONTENT: dict[str, Any] = NOMINAL.model_dump(mode="json", by_alias=True)
OFFSETS = dict.fromkeys(NOMINAL.joints, 0.0)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("device") / "bench.yaml"


def refusal(file: Path, content: str | bytes) -> str:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DeviceError) as caught:
        read_device(file, RIG)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{file}: ")
    return message


def test_what_is_written_is_read(file: Path) -> None:
    write_device(NOMINAL, file)
    assert read_device(file, RIG) == NOMINAL
    assert file.read_text().startswith("schema: 1\n")


def test_every_motor_but_the_rail_has_a_joint() -> None:
    assert len(NOMINAL.joints) == 16
    assert set(RIG.joint_names[1:]) | set(RIG.hand.parked_rad) == set(NOMINAL.joints)


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("schema",), 2, "schema"),
        (("rig",), "allegro_slide_49", "made for rig 'allegro_slide_49'"),
        (("speed",), 1, "speed"),
        (("joints", "if_mcp", "sign"), 0, "joints.if_mcp.sign"),
        (("joints", "if_mcp", "zero_rad"), 7.0, "joints.if_mcp.zero_rad"),
        (("joints", "if_mcp", "zero_rad"), 6.2, "passes the motor's wrap"),
        (("joints", "if_mcp", "limits_rad"), [1.0, -1.0], "limits must rise"),
        (("joints", "if_mcp", "limits_rad"), [-1.0, 1.0], "joints.if_mcp.limits_rad: beyond"),
        (("joints", "if_mcp", "limits_rad"), [float("nan"), 1.0], "joints.if_mcp.limits_rad"),
        (("joints", "tail"), CONTENT["joints"]["if_mcp"], "no tail"),
        (("joints", "rail"), CONTENT["joints"]["if_mcp"], "section of its own"),
        (("rail", "stop_m"), 0.0, "stop_m stands within limits_m"),
        (("rail", "limits_m"), [-0.34, 0.33], "rail"),
    ],
    ids=str,
)
def test_a_bad_field_is_named(
    path: tuple[str, ...], value: object, complaint: str, file: Path
) -> None:
    content = copy.deepcopy(CONTENT)
    section = content
    for name in path[:-1]:
        section = section[name]
    section[path[-1]] = value
    assert complaint in refusal(file, yaml.safe_dump(content))


def test_a_forgotten_joint_is_named(file: Path) -> None:
    content = copy.deepcopy(CONTENT)
    del content["joints"]["th_ipl"]
    assert "nothing about th_ipl" in refusal(file, yaml.safe_dump(content))


def test_a_missing_file_names_the_verb_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="no such device file: run 'dacapo hand setup-motors"):
        read_device(tmp_path / "none.yaml", RIG)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be written"):
        write_device(NOMINAL, tmp_path / "nowhere" / "file.yaml")


def test_a_rig_with_other_motors_has_no_device() -> None:
    with pytest.raises(DeviceError, match="ros_trajectory, not dynamixel"):
        nominal_device(load_rig("allegro_slide_49"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_garbage_is_refused(content: bytes, file: Path) -> None:
    refusal(file, content)


def test_the_device_itself_is_accepted() -> None:
    check_device(NOMINAL, "FT9BD0TQ", OFFSETS)
    check_device(NOMINAL.model_copy(update={"adapter": None}), "any", OFFSETS)


@pytest.mark.parametrize(
    ("adapter", "offsets", "complaint"),
    [
        ("FT000000", {}, "adapter FT000000, not FT9BD0TQ"),
        (None, {}, "adapter without a serial number"),
        ("FT9BD0TQ", {"mf_pip": 0.5}, "mf_pip has homing offset 0.5000 rad, not 0.0000"),
    ],
)
def test_another_device_is_told_apart(
    adapter: str | None, offsets: dict[str, float], complaint: str
) -> None:
    with pytest.raises(DeviceError, match=complaint):
        check_device(NOMINAL, adapter, OFFSETS | offsets)


def test_all_differences_are_listed_at_once() -> None:
    with pytest.raises(DeviceError, match=r"adapter.*if_rot.*rf_dip"):
        check_device(NOMINAL, None, OFFSETS | {"if_rot": 0.1, "rf_dip": -0.1})
