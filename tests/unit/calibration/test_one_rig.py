"""Recordings of different rigs are not fitted together; where one of them was, two others may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calibration.errors import CalibrationError
from calibration.recordings import Provenance, Recording, device_hash, read_recording
from calibration.study.case import make_case
from sim import load_rig
from tests.unit.calibration.recorded import make_recording

REAL = Provenance(mode="real", device="my_hand.yaml", device_hash="ab12")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return read_recording(make_recording(tmp_path_factory.mktemp("one") / "recording"))


def refusal(recording: Recording, *where: Provenance) -> str:
    """They are no recordings of the rig, which is said only if they are of one."""
    some = [replace(recording, provenance=known) for known in where]
    with pytest.raises(CalibrationError) as caught:
        make_case(some, load_rig("leap_rail_49"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(REAL, mode="emulated", device="nominal", device_hash=""), "differ in mode"),
        (replace(REAL, device_hash="cd34"), "differ in device file"),
        (replace(REAL, device="other.yaml", device_hash=""), "differ in device file"),
    ],
)
def test_recordings_of_two_rigs_are_refused(
    recording: Recording, other: Provenance, what: str
) -> None:
    message = refusal(recording, REAL, Provenance(), other)
    assert what in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "other",
    [
        Provenance(),  # `dacapo record` knows neither
        replace(REAL, device="moved/my_hand.yaml"),
        replace(REAL, song="other", policy="zoo", seed=4),
    ],
)
def test_recordings_of_one_rig_are_not(recording: Recording, other: Provenance) -> None:
    assert "differ in" not in refusal(recording, REAL, other)


def test_a_device_file_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: hand")
    (tmp_path / "b.yaml").write_text("name: hand")
    assert device_hash(str(tmp_path / "a.yaml")) == device_hash(str(tmp_path / "b.yaml")) != ""
    assert device_hash("nominal") == device_hash("") == ""
