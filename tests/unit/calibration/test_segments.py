"""Cutting recordings into segments and choosing among them; what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.errors import CalibrationError
from calibration.recordings import (
    InvalidRecordingError,
    JointStates,
    JointTargets,
    KeyEvents,
    Recording,
)
from calibration.residuals import Segment, choose, segments_of
from calibration.residuals.commands import controls
from calibration.residuals.noise import event_bias_s, reading_noise
from hardware.world.lines import CommandLine
from sim import PHYSICS_STEP_S, load_rig
from tests.unit.calibration.performed import CLEAN, performed, rig


@pytest.fixture(scope="module")
def recording() -> Recording:
    return performed()


@pytest.fixture(scope="module")
def pieces() -> list[Segment]:
    return segments_of(performed(CLEAN, 8), rig())


def test_every_event_is_compared_once(pieces: list[Segment]) -> None:
    recording = performed(CLEAN, 8)
    assert len(pieces) >= 2
    compared = sum(int(segment.compared_events.sum()) for segment in pieces)
    assert compared == len(recording.events.time_ns)
    assert all(3.0 <= segment.duration_s <= 10.0 for segment in pieces)
    assert all(segment.state_time_s[0] >= 0.0 for segment in pieces)
    assert all(segment.target_time_s[0] <= 0.0 for segment in pieces)


def test_segments_say_where_they_are_from(pieces: list[Segment]) -> None:
    assert pieces[0].name == "chords@0.0s"
    assert pieces[0].warm_up_s == 0.0
    assert pieces[1].warm_up_s > 0.0


def test_music_without_a_pause_is_cut_before_it_is_too_long() -> None:
    whole = performed(CLEAN, 40)
    events, every_ns = whole.events, 120_000_000
    n = int(whole.duration_s * 1e9 / every_ns)
    time_ns = whole.start_ns + every_ns * np.arange(n)
    restless = replace(
        whole,
        events=replace(
            events,
            time_ns=time_ns,
            stamped_ns=time_ns,
            keys=np.full(n, 12, events.keys.dtype),
            down=np.arange(n) % 2 == 0,
            velocities=np.full(n, 64, events.velocities.dtype),
        ),
    )
    assert whole.duration_s > 60.0
    found = segments_of(restless, rig())
    assert all(segment.duration_s <= 60.0 for segment in found)
    assert sum(segment.duration_s for segment in found) > 60.0


def test_long_waits_are_left_out(recording: Recording) -> None:
    states, moved = recording.states, 20_000_000_000
    early = states.time_ns - states.time_ns[0] < 1_000_000_000
    waiting = replace(
        recording,
        sent=replace(
            recording.sent,
            time_ns=np.where(
                recording.sent.time_ns < recording.start_ns + 1_000_000_000,
                recording.sent.time_ns,
                recording.sent.time_ns + moved,
            ),
        ),
        events=replace(
            recording.events,
            time_ns=recording.events.time_ns + moved,
            stamped_ns=recording.events.stamped_ns + moved,
        ),
        states=_with_wait(recording, early, moved),
    )
    found = segments_of(waiting, rig())
    whole = segments_of(recording, rig())
    assert sum(s.duration_s for s in found) < sum(s.duration_s for s in whole) + 3.0


def _with_wait(recording: Recording, early: np.ndarray, moved: int) -> JointStates:
    """The same joint states with a hand that holds still for a while, but for its noise."""
    states = recording.states
    at = int(np.flatnonzero(early)[-1])
    times = np.arange(states.time_ns[at] + 10_000_000, states.time_ns[at] + moved, 10_000_000)
    wiggle = 1e-9 * np.arange(len(times))[:, None]

    def stretched(rows: np.ndarray, held: np.ndarray) -> np.ndarray:
        return np.concatenate([rows[: at + 1], held, rows[at + 1 :]])

    later = np.where(np.arange(len(states.time_ns)) > at, moved, 0)
    n = states.positions.shape[1]
    return replace(
        states,
        time_ns=stretched(states.time_ns + later, times),
        received_ns=stretched(states.received_ns + later, times),
        positions=stretched(states.positions, states.positions[at] + wiggle * np.ones(n)),
        velocities=stretched(states.velocities, np.zeros((len(times), n))),
        efforts=stretched(states.efforts, np.full((len(times), n), np.nan)),
    )


def test_choosing_is_the_same_again_and_within_its_limit(pieces: list[Segment]) -> None:
    training, held_out = choose(pieces, longest_s=12.0, seed=3)
    again, held_again = choose(pieces, longest_s=12.0, seed=3)
    assert [s.name for s in training] == [s.name for s in again]
    assert [s.name for s in held_out] == [s.name for s in held_again]
    assert not {s.name for s in training} & {s.name for s in held_out}
    assert 0 < sum(s.duration_s for s in training) <= 12.0
    assert held_out


def test_one_segment_is_not_enough_to_judge(recording: Recording) -> None:
    segments = segments_of(recording, rig())[:1]
    with pytest.raises(CalibrationError, match="at least 2 are needed"):
        choose(segments)


def test_a_recording_of_another_rig_is_refused(recording: Recording) -> None:
    with pytest.raises(CalibrationError, match="give its own rig"):
        segments_of(recording, load_rig("allegro_slide_49"))
    unnamed = replace(recording, provenance=replace(recording.provenance, rig_hash=""))
    with pytest.raises(CalibrationError, match="has the joints"):
        segments_of(unnamed, load_rig("allegro_slide_49"))


def test_a_recording_without_keys_or_targets_is_refused(recording: Recording) -> None:
    nothing = np.zeros(0, np.int64)
    silent = KeyEvents(nothing, nothing, nothing, nothing.astype(bool), nothing)
    with pytest.raises(CalibrationError, match="no key event"):
        segments_of(replace(recording, events=silent), rig())
    none = JointTargets(nothing, np.zeros((0, len(recording.joint_names))))
    with pytest.raises(CalibrationError, match="no joint targets"):
        segments_of(replace(recording, sent=none, asked=none), rig())


def test_a_short_or_broken_recording_is_refused(recording: Recording) -> None:
    states = recording.states
    short = replace(states, **{name: rows[:100] for name, rows in vars(states).items()})
    with pytest.raises(CalibrationError, match="record at least 2 s"):
        segments_of(replace(recording, states=short), rig())
    cut = replace(recording, notes={**recording.notes, "incomplete": "cut"})
    with pytest.raises(InvalidRecordingError, match="incomplete"):
        segments_of(cut, rig())


@given(st.floats(0.0, 0.1), st.integers(0, 2**16))
def test_commands_act_as_on_the_line_of_a_world(delay_s: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps, n = 120, 2
    sent = np.sort(rng.choice(steps - 40, 6, replace=False))
    targets = rng.normal(size=(7, n))
    segment = _commanded(np.append(-1.0, sent * PHYSICS_STEP_S), targets, steps)
    line = CommandLine(targets[0], iter(lambda: delay_s / PHYSICS_STEP_S, None))
    held = targets[np.searchsorted(sent, np.arange(steps), side="right")]
    expected = np.array([line(row) for row in held])
    np.testing.assert_allclose(controls(segment, delay_s), expected, atol=1e-9)


def _commanded(time_s: np.ndarray, targets: np.ndarray, steps: int) -> Segment:
    n, nothing = targets.shape[1], np.zeros(0)
    return Segment(
        name="line",
        duration_s=steps * PHYSICS_STEP_S,
        warm_up_s=0.0,
        tail_s=0.0,
        start_positions=targets[0],
        start_velocities=np.zeros(n),
        state_time_s=nothing,
        positions=np.zeros((0, n)),
        velocities=np.zeros((0, n)),
        efforts=np.zeros((0, n)),
        target_time_s=time_s,
        targets=targets,
        event_time_s=nothing,
        event_keys=nothing.astype(np.intp),
        event_down=nothing.astype(bool),
        sounding=np.zeros(49, bool),
    )


@given(st.floats(1e-4, 3e-3), st.integers(0, 2**16))
def test_noise_of_readings_is_told_from_motion(spread: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time_s = np.arange(1500) * 0.01
    motion = np.stack([np.sin(2 * time_s), 0.1 * np.cos(time_s)], axis=-1)
    found = reading_noise(motion + spread * rng.standard_normal(motion.shape))
    np.testing.assert_allclose(found, spread, rtol=0.2)
    assert not reading_noise(np.ones((100, 2))).any()


@given(st.floats(0.0, 0.005), st.integers(0, 2**16))
def test_events_on_a_grid_are_half_of_it_late(phase_s: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.choice(4000, 40, replace=False)).astype(np.float64)
    on_grid: np.ndarray = steps * PHYSICS_STEP_S + phase_s
    assert event_bias_s(on_grid) == PHYSICS_STEP_S / 2
    assert event_bias_s(np.sort(rng.uniform(0.0, 20.0, 40))) == 0.0
    assert event_bias_s(on_grid[:3]) == 0.0
