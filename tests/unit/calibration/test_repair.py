"""Recordings that were cut: by a kill, by a full disk, or while somebody still writes them."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from calibration.recordings import (
    InvalidRecordingError,
    PerformanceRecorder,
    RecordingError,
    check_valid,
    read_recording,
    repair,
)
from tests.unit.calibration.recorded import (
    JOINTS,
    PROVENANCE,
    make_recording,
    positions,
    record_states,
)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to let files grow further, as it does when a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def unfinished(folder: Path) -> Path:
    """A recording whose recorder never came to its end."""
    make_recording(folder)
    (folder / "metadata.yaml").unlink()
    data = folder / "recording_0.mcap"
    data.write_bytes(data.read_bytes()[: data.stat().st_size * 2 // 3])
    return folder


def test_repair_leaves_the_old_one_and_marks_the_new_one(tmp_path: Path) -> None:
    folder = unfinished(tmp_path / "recording")
    before = (folder / "recording_0.mcap").read_bytes()
    repaired = repair(folder)
    assert repaired == tmp_path / "recording_repaired"
    assert (folder / "recording_0.mcap").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["recording", "recording_repaired"]
    recording = read_recording(repaired)
    assert recording.notes["incomplete"] == "its recorder was stopped before its end"
    assert recording.provenance == PROVENANCE
    with pytest.raises(InvalidRecordingError, match="it is incomplete"):
        check_valid(recording)


def test_reading_an_unfinished_recording_repairs_it_once(tmp_path: Path) -> None:
    folder = unfinished(tmp_path / "recording")
    first, second = read_recording(folder), read_recording(folder)
    assert first.folder == second.folder == tmp_path / "recording_repaired"
    n = len(first.states.time_ns)
    assert n > 30
    np.testing.assert_array_equal(first.states.positions[n - 1], positions(n - 1))


def test_what_cannot_be_repaired(tmp_path: Path) -> None:
    whole = make_recording(tmp_path / "whole")
    with pytest.raises(RecordingError, match="is whole: nothing to repair"):
        repair(whole)
    folder = unfinished(tmp_path / "recording")
    (tmp_path / "there").mkdir()
    with pytest.raises(RecordingError, match="there exists"):
        repair(folder, tmp_path / "there")
    (folder / "recording_0.mcap").write_bytes(b"")
    with pytest.raises(RecordingError, match="holds no whole message"):
        repair(folder)


def test_a_recording_in_progress_is_left_alone(tmp_path: Path) -> None:
    with PerformanceRecorder(tmp_path / "recording", JOINTS, PROVENANCE) as recorder:
        record_states(recorder, 0, 10)
        with pytest.raises(RecordingError, match="is still being recorded"):
            read_recording(tmp_path / "recording")
    assert len(read_recording(tmp_path / "recording").states.time_ns) == 10


def test_a_full_disk_ends_the_recording_and_not_the_performance(tmp_path: Path) -> None:
    with PerformanceRecorder(tmp_path / "recording", JOINTS, PROVENANCE) as recorder:
        record_states(recorder, 0, 100)
        with files_of_at_most(45_000):
            record_states(recorder, 100, 1000)
        assert "cannot write to" in recorder.failure
        assert "the recording ends there" in recorder.failure
        record_states(recorder, 1000, 1010)
    recording = read_recording(tmp_path / "recording")
    assert recording.notes["incomplete"] == "File too large"
    n = len(recording.states.time_ns)
    assert 100 < n < 1000
    np.testing.assert_array_equal(recording.states.positions[n - 1], positions(n - 1))
    with pytest.raises(InvalidRecordingError, match=r"incomplete \(File too large\)"):
        check_valid(recording)


def test_a_disk_that_is_full_from_the_start_is_said_at_once(tmp_path: Path) -> None:
    with files_of_at_most(100), pytest.raises(RecordingError, match="File too large"):
        PerformanceRecorder(tmp_path / "recording", JOINTS, PROVENANCE)


def test_a_disk_that_is_full_at_the_end_leaves_an_incomplete_recording(tmp_path: Path) -> None:
    recorder = PerformanceRecorder(tmp_path / "recording", JOINTS, PROVENANCE)
    record_states(recorder, 0, 100)
    with files_of_at_most((tmp_path / "recording" / "recording_0.mcap").stat().st_size + 100):
        recorder.close()
    assert "cannot write to" in recorder.failure
    assert not (tmp_path / "recording" / "metadata.yaml").exists()
    assert read_recording(tmp_path / "recording").notes["incomplete"] == "File too large"
