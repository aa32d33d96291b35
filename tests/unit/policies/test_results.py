"""What a run leaves behind, from a song that was really played in the simulator."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from policies import PolicyError, load_policy
from policies.performer import Trace
from policies.results import RunResult, stage_of, write_results
from score import CONTROL_STEP_S, Performance, make_goals, read_midi, score_performance
from score.notes import Note, Score
from sim import RenderingError, Simulator, build_model, load_rig


@pytest.fixture(scope="module")
def run() -> RunResult:
    """Two notes, played by the planner."""
    model = build_model(load_rig("leap_rail_49"))
    keyboard = model.rig.keyboard
    score = Score("two_notes", (Note(60, 0.0, 0.4), Note(62, 0.5, 0.9)))
    goals = make_goals(score, keyboard.lowest_pitch, keyboard.n_keys)
    policy = load_policy("planner", model, goals)
    simulator, events, rows = Simulator(model), [], []
    simulator.reset(policy.start)
    for time_s in CONTROL_STEP_S * np.arange(goals.n_steps):
        targets = policy({"score_time_s": np.array([time_s])})
        state = simulator.joint_positions.copy(), simulator.joint_velocities.copy()
        rows.append((time_s, *state, targets))
        events += simulator.advance(targets)
    performance = score_performance(
        goals, events, rig=model.rig.name, mode="sim", policy=policy.name
    )
    trace = Trace(*(np.array(column) for column in zip(*rows, strict=True)))
    return RunResult(model, goals, tuple(events), performance, trace)


@pytest.fixture(scope="module")
def written(run: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run, written over an older result."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "performance.json").write_text("old")
    write_results(run, folder)
    return folder


def test_every_file_is_there_and_can_be_read(run: RunResult, written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    assert names == {"performance.json", "performance.mid", "trace.npz", "report.html"}
    performance = Performance.from_json((written / "performance.json").read_bytes())
    assert performance == run.performance
    assert performance.note.f1_50ms == 1.0
    played = read_midi(written / "performance.mid").notes
    onsets = [event.time_s for event in run.events if event.down]
    assert [note.pitch for note in played] == [60, 62]
    np.testing.assert_allclose([note.start_s for note in played], onsets, atol=1e-3)
    with np.load(written / "trace.npz", allow_pickle=False) as trace:
        assert tuple(trace["joint_names"]) == run.model.joint_names
        np.testing.assert_array_equal(trace["joint_positions"], run.trace.joint_positions)
        assert trace["joint_targets"].shape == (run.goals.n_steps, run.model.n_joints)


def test_the_report_animates_the_fingertip_over_the_key_it_presses(
    run: RunResult, written: Path
) -> None:
    stage = stage_of(run.model, run.trace)
    pressed = next(event for event in run.events if event.down)
    row = int(np.searchsorted(stage.times_s, pressed.time_s))
    x0, y0, x1, y1 = stage.key_boxes[pressed.key]
    inside = [x0 < x < x1 and y0 < y < y1 for x, y in stage.fingertips[row]]
    assert sum(inside) == 1
    page = (written / "report.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    np.testing.assert_allclose(
        data["tips"], stage.fingertips.reshape(len(data["tips"]), -1) * 1e4, atol=0.51
    )


def test_a_folder_that_cannot_be_written_is_named(run: RunResult, tmp_path: Path) -> None:
    missing = tmp_path / "file" / "run"
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PolicyError, match=r"cannot write results into .*run"):
        write_results(run, missing)


def test_a_video_that_fails_costs_nothing_else(run: RunResult, tmp_path: Path) -> None:
    with pytest.raises(RenderingError):
        write_results(run, tmp_path, video=tmp_path / "missing" / "hand.mp4")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"performance.json", "performance.mid", "trace.npz", "report.html"}
