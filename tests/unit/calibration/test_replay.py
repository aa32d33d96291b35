"""Replaying commands: the same simulator does the same again, another one does not."""

from pathlib import Path

import numpy as np
import pytest

from calibration.recordings import (
    PerformanceRecorder,
    Provenance,
    RecordingError,
    Replayed,
    read_recording,
    replay,
)
from policies import load_policy
from policies.in_process import perform_in_process
from policies.performer import Performer
from sim import PhysicsParameters, RigModel, Simulator, build_model
from tests.unit.calibration.recorded import make_recording
from tests.unit.playing import chord_score, goals_of, nominal_model

RIG = "leap_rail_49"


@pytest.fixture(scope="module")
def model() -> RigModel:
    return nominal_model(RIG)


@pytest.fixture(scope="module")
def played(model: RigModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three notes in the nominal simulator."""
    folder = tmp_path_factory.mktemp("played") / "recording"
    goals = goals_of(chord_score((60,), (64,), (67,)), model.rig)
    performer = Performer(load_policy("planner", model, goals), goals)
    with PerformanceRecorder(folder, model.joint_names, Provenance(rig=RIG)) as recorder:
        perform_in_process(performer, Simulator(model), recorder)
    return folder


@pytest.fixture(scope="module")
def replayed(played: Path, model: RigModel) -> Replayed:
    return replay(read_recording(played), model)


def test_the_same_simulator_does_exactly_the_same(replayed: Replayed) -> None:
    assert len(replayed.recorded_events) >= 6
    recorded = [(e.time_s, e.key, e.down) for e in replayed.recorded_events]
    assert [(e.time_s, e.key, e.down) for e in replayed.events] == recorded
    assert replayed.note_f1 == 1.0
    assert replayed.onset_gap_ms == 0.0
    np.testing.assert_array_equal(replayed.joint_errors, 0.0)


def test_a_long_way_is_gone_again(tmp_path: Path, model: RigModel) -> None:
    """A target lies within reach of where the joints are at its time, not of where they began."""
    simulator = Simulator(model)
    start = np.zeros(model.n_joints)
    start[0] = -0.3
    simulator.reset(start)
    with PerformanceRecorder(tmp_path / "r", model.joint_names, Provenance(rig=RIG)) as recorder:
        for step in range(60):
            time_ns = 1_000_000_000 + step * 50_000_000
            recorder.joint_states(time_ns, simulator.joint_positions, simulator.joint_velocities)
            targets = start + np.array([0.01 * step, *[0.0] * (model.n_joints - 1)])
            recorder.targets(time_ns, targets)
            simulator.advance(targets)
    replayed = replay(read_recording(tmp_path / "r"), model)
    assert replayed.positions[-1][0] > 0.2
    assert replayed.joint_errors.max() < 1e-6


def test_another_simulator_shows_the_gap(played: Path, replayed: Replayed) -> None:
    rig = replayed.model.rig
    weak = PhysicsParameters.nominal(rig).with_values(finger_stiffness_nm_per_rad=1.5)
    other = replay(read_recording(played), weak.apply(build_model(rig)))
    assert other.joint_errors.max() > 0.005


def test_the_movement_can_be_drawn(replayed: Replayed) -> None:
    movement = replayed.movement()
    press = replayed.recorded_events[0]
    assert movement.duration_s == pytest.approx(replayed.time_s[-1], abs=0.05)
    assert press.key in movement.due_at(press.time_s + 0.05)
    assert press.key in movement.sounding_at(press.time_s + 0.05)
    assert movement.joints_at(0.5).shape == (replayed.model.n_joints,)


def test_a_recording_of_another_hand_is_refused(tmp_path: Path, model: RigModel) -> None:
    recording = read_recording(make_recording(tmp_path / "recording"))
    with pytest.raises(RecordingError, match=r"has the joints rail, mcp, pip, the rig leap_rail"):
        replay(recording, model)


def test_nothing_to_replay_is_said(tmp_path: Path, model: RigModel) -> None:
    n = model.n_joints
    with PerformanceRecorder(tmp_path / "r", model.joint_names, Provenance()) as recorder:
        recorder.joint_states(1_000, np.zeros(n), np.zeros(n))
    with pytest.raises(RecordingError, match="no joint states or no targets"):
        replay(read_recording(tmp_path / "r"), model)


def test_times_that_cannot_be_are_not_simulated(tmp_path: Path, model: RigModel) -> None:
    n = model.n_joints
    with PerformanceRecorder(tmp_path / "r", model.joint_names, Provenance()) as recorder:
        recorder.joint_states(1_000, np.zeros(n), np.zeros(n))
        recorder.targets(1_000, np.zeros(n))
        recorder.joint_states(10**18, np.zeros(n), np.zeros(n))
    with pytest.raises(RecordingError, match="its times are broken"):
        replay(read_recording(tmp_path / "r"), model)
