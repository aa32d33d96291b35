"""Recordings read back: what was written, and no nonsense from whatever bytes."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from calibration.recordings import (
    PerformanceRecorder,
    Provenance,
    Recording,
    RecordingError,
    find_problems,
    read_recording,
)
from score import FrameReport, LoopTiming, NoteReport, OnsetError, Performance
from tests.unit.calibration.recorded import (
    JOINTS,
    OFFSET_NS,
    PROVENANCE,
    START_NS,
    make_recording,
    positions,
)

DATA = "recording_0.mcap"
PERFORMANCE = Performance(
    song="twinkle",
    rig="leap_rail_49",
    mode="virtual",
    policy="planner",
    seed=None,
    frame=FrameReport(0.9, 0.8, 0.85, 0.86, 0.01, 0.4),
    note=NoteReport(0.7, 0.75),
    onset_error_ms=OnsetError(None, None),
    wrong_keys=2,
    tempo_ratio=None,
    loop=LoopTiming(),
    duration_s=3.5,
    versions=dict(PROVENANCE.versions),
)

finite = st.floats(-1e6, 1e6)
rows = arrays.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=finite)
times = st.integers(1, 2**53)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_recording(tmp_path_factory.mktemp("whole") / "recording", 300)


def test_arrays_come_back_in_time_and_order(whole: Path) -> None:
    recording = read_recording(whole)
    assert recording.joint_names == JOINTS
    assert recording.provenance == PROVENANCE
    assert recording.start_ns == START_NS
    assert recording.duration_s == pytest.approx(2.99)
    np.testing.assert_array_equal(recording.states.positions[7], positions(7))
    np.testing.assert_array_equal(recording.states.received_ns, recording.states.time_ns)
    assert np.isnan(recording.states.efforts).all()
    np.testing.assert_array_equal(recording.sent.positions[3], positions(15) * 2)
    assert recording.targets is recording.sent
    assert [(e.time_s, e.key, e.down, e.velocity) for e in recording.events.since(START_NS)] == [
        (0.25, 24, True, 70),
        (0.45, 24, False, 0),
    ]
    assert recording.notes["valid"] == "yes"


def test_a_run_folder_leads_to_its_recording(tmp_path: Path) -> None:
    folder = make_recording(tmp_path / "run" / "recording", 5)
    assert read_recording(tmp_path / "run").folder == folder


def test_the_performance_comes_back(tmp_path: Path) -> None:
    with PerformanceRecorder(tmp_path / "r", JOINTS, PROVENANCE) as recorder:
        recorder.joint_states(START_NS, np.zeros(3), np.zeros(3), np.ones(3))
        recorder.performance(START_NS + 5, PERFORMANCE, START_NS + 1)
    recording = read_recording(tmp_path / "r")
    assert recording.performance == PERFORMANCE
    assert recording.score_zero_ns == START_NS + 1
    np.testing.assert_array_equal(recording.states.efforts, np.ones((1, 3)))


@settings(max_examples=6, deadline=None)
@given(rows=rows, time_ns=times, offset_ns=st.integers(0, 2**59))
def test_any_rows_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: np.ndarray,
    time_ns: int,
    offset_ns: int,
) -> None:
    folder = tmp_path_factory.mktemp("rows") / "r"
    with PerformanceRecorder(folder, JOINTS, Provenance(clock_offset_ns=offset_ns)) as recorder:
        for step, row in enumerate(rows):
            recorder.joint_states(time_ns + step, row, -row)
            recorder.targets(time_ns + step, row * 2)
    recording = read_recording(folder)
    np.testing.assert_array_equal(recording.states.positions, rows)
    np.testing.assert_array_equal(recording.states.velocities, -rows)
    np.testing.assert_array_equal(recording.sent.positions, rows * 2)
    np.testing.assert_array_equal(recording.states.time_ns, time_ns + np.arange(len(rows)))


few = settings(max_examples=25, deadline=None)
notes = st.builds(
    Provenance,
    song=st.text(),
    policy=st.text(),
    parameters=st.text(),
    seed=st.none() | st.integers(),
    clock_offset_ns=st.integers(),
    versions=st.dictionaries(st.text(), st.text()),
)


@few
@given(provenance=notes)
def test_provenance_survives_as_text(provenance: Provenance) -> None:
    assert Provenance.from_notes(provenance.to_notes()) == provenance


@few
@given(notes=st.dictionaries(st.sampled_from(["schema", "seed", "versions"]), st.text()))
def test_notes_of_others_are_read_or_refused(notes: dict[str, str]) -> None:
    with suppress(RecordingError):
        assert Provenance.from_notes(notes).song == ""


def read_altered(whole: Path, alter: Callable[[bytes], bytes]) -> Recording | None:
    """The recording whose file was altered; None when it was refused."""
    folder = whole.parent / "altered"
    for path in (folder, folder.with_name("altered_repaired")):
        shutil.rmtree(path, ignore_errors=True)
    folder.mkdir()
    shutil.copy(whole / "metadata.yaml", folder)
    (folder / DATA).write_bytes(alter((whole / DATA).read_bytes()))
    with suppress(RecordingError):
        return read_recording(folder)
    return None


UNHURRIED = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@UNHURRIED
@given(share=st.floats(0.0, 0.999))
def test_a_file_cut_anywhere_is_repaired_and_says_so(whole: Path, share: float) -> None:
    recording = read_altered(whole, lambda data: data[: int(share * len(data))])
    if recording is None:
        assert share < 0.5  # before the first whole chunk
    else:
        assert recording.folder.name == "altered_repaired"
        assert next(problem.kind for problem in find_problems(recording)) == "incomplete"
        n = len(recording.states.time_ns)
        expected = np.array([positions(step) for step in range(n)]).reshape(-1, 3)
        np.testing.assert_array_equal(recording.states.positions, expected)


@UNHURRIED
@given(place=st.floats(0.0, 0.999), byte=st.integers(1, 255))
def test_a_damaged_file_never_gives_other_numbers(whole: Path, place: float, byte: int) -> None:
    def damage(data: bytes) -> bytes:
        at = int(place * len(data))
        return data[:at] + bytes([data[at] ^ byte]) + data[at + 1 :]

    recording = read_altered(whole, damage)
    if recording is not None:
        n = len(recording.states.time_ns)
        expected = np.array([positions(step) for step in range(n)]).reshape(-1, 3)
        np.testing.assert_array_equal(recording.states.positions, expected)


@UNHURRIED
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(whole: Path, data: bytes) -> None:
    assert read_altered(whole, lambda _: data) is None


@UNHURRIED
@given(text=st.text() | st.sampled_from(["a: [", "- 1", "rosbag2_bagfile_information: 3"]))
def test_any_metadata_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "metadata.yaml").write_text(text)
    with pytest.raises(RecordingError, match=r"metadata.yaml is no metadata of a bag"):
        read_recording(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("storage_identifier: mcap", "storage_identifier: sqlite3"), "ros2 bag convert"),
        (("- recording_0.mcap", "- ../recording_0.mcap"), "names no files of this folder"),
        (("- recording_0.mcap", "- other.mcap"), "No such file"),
    ],
)
def test_bags_we_cannot_read(whole: Path, change: tuple[str, str], message: str) -> None:
    folder = whole.parent / "other"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    text = (folder / "metadata.yaml").read_text()
    assert change[0] in text
    (folder / "metadata.yaml").write_text(text.replace(*change))
    with pytest.raises(RecordingError, match=message):
        read_recording(folder)


def test_no_recording_at_all(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording in"):
        read_recording(tmp_path)
    with pytest.raises(RecordingError, match="no recording in"):
        read_recording(tmp_path / "nothing")


def test_offsets_do_not_leak_into_times(whole: Path) -> None:
    assert read_recording(whole).states.time_ns.max() < OFFSET_NS
