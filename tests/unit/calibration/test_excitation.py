"""Excitations are safe, short, and play as songs do."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.excitation import (
    FORCE_LIMIT_N,
    Excitation,
    ExcitationError,
    check_excitation,
    make_excitation,
    sketch,
    write_excitation,
)
from calibration.excitation.excitation import play_open_loop
from calibration.excitation.places import Places
from policies import load_policy
from policies.planner import load_parameters
from score import load_song, make_goals, roll_of_events
from sim import PhysicsParameters, TargetLimits, build_model, load_rig
from tests.unit.playing import RIGS, goals_of, nominal_model

LEAP = "leap_rail_49"


@cache
def excitation_of(rig: str) -> Excitation:
    return make_excitation(nominal_model(rig))


@cache
def places_of(rig: str) -> Places:
    return Places(load_rig(rig), load_parameters(rig))


def with_targets(excitation: Excitation, targets: NDArray[np.float64]) -> Excitation:
    return replace(excitation, plan=replace(excitation.plan, targets=targets))


def refusal(excitation: Excitation) -> str:
    """What `check_excitation` says on the LEAP rig; empty when it is content."""
    try:
        check_excitation(excitation, nominal_model(LEAP))
    except ExcitationError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("rig", RIGS)
def test_it_is_a_song_that_the_nominal_rig_plays_perfectly(rig: str) -> None:
    excitation, model = excitation_of(rig), nominal_model(rig)
    goals = goals_of(excitation.score, model.rig)
    assert excitation.duration_s <= 60.0
    assert len(excitation.plan.targets) == goals.n_steps
    events = play_open_loop(excitation.plan, model)
    np.testing.assert_array_equal(roll_of_events(events, goals.n_steps, model.n_keys), goals.keys)


@pytest.mark.parametrize("rig", RIGS)
def test_it_goes_along_the_keyboard_on_both_colours_with_every_finger(rig: str) -> None:
    keyboard = load_rig(rig).keyboard
    notes = excitation_of(rig).score.notes
    keys = np.array([note.pitch - keyboard.lowest_pitch for note in notes])
    for black in (False, True):
        y = keyboard.center_y[keys[keyboard.black[keys] == black]]
        assert y.min() < -0.2
        assert np.abs(y).min() < 0.05
        assert y.max() > 0.2
    for start in {note.start_s for note in notes}:  # fingers strike within one control step
        together = [note for note in notes if abs(note.start_s - start) < 0.11]
        assert len(together) >= len(load_rig(rig).hand.fingers)


@pytest.mark.parametrize("rig", RIGS)
def test_every_joint_moves_both_ways_at_several_speeds(rig: str) -> None:
    plan = excitation_of(rig).plan
    changes = np.diff(plan.targets, axis=0)
    quickest = 0.5 * TargetLimits.of(load_rig(rig)).step
    for joint in range(changes.shape[1]):
        speeds = np.abs(changes[:, joint])
        slow, fast = speeds[speeds > 1e-6].min(), speeds.max()
        assert fast > 10 * slow
        assert fast < quickest[joint]
        assert changes[:, joint].min() < -1e-3 < 1e-3 < changes[:, joint].max()


def test_the_shipped_motion_is_safe() -> None:
    check_excitation(excitation_of(LEAP), nominal_model(LEAP))


def test_it_is_the_same_every_time() -> None:
    again, excitation = make_excitation(build_model(load_rig(LEAP))), excitation_of(LEAP)
    np.testing.assert_array_equal(again.plan.targets, excitation.plan.targets)
    assert again.score == excitation.score


def test_it_must_fit_the_robot_time_there_is() -> None:
    with pytest.raises(ExcitationError, match=r"takes \d\d\.\d s, longer than the limit of 20 s"):
        make_excitation(nominal_model(LEAP), limit_s=20.0)
    assert issubclass(ExcitationError, CalibrationError)


def test_a_rig_that_sounds_no_key_is_refused() -> None:
    rig = load_rig(LEAP)
    far = PhysicsParameters.nominal(rig).with_values(key_trigger_fraction=0.9, keyboard_z_m=-0.01)
    with pytest.raises(ExcitationError, match="sounds no key on leap_rail_49"):
        make_excitation(
            far.with_values(key_stiffness_nm_per_rad=5.0).apply(build_model(rig)),
        )


def test_targets_that_no_motor_follows_are_refused() -> None:
    excitation = excitation_of(LEAP)
    targets = excitation.plan.targets.copy()
    targets[30, 3] += 2.0
    joint = nominal_model(LEAP).joint_names[3]
    with pytest.raises(ExcitationError, match=rf"joint {joint} at 1\.50 s: the target"):
        check_excitation(with_targets(excitation, targets), nominal_model(LEAP))


def test_fingers_that_meet_are_refused() -> None:
    """Index and middle finger swing to opposite sides: one of the two ways is inwards."""
    excitation, names = excitation_of(LEAP), nominal_model(LEAP).joint_names
    refusals = []
    for swing in (0.35, -0.35):
        targets = np.repeat(excitation.plan.targets[:1], 20, axis=0)
        targets[:, names.index("if_rot")] += swing
        targets[:, names.index("mf_rot")] -= swing
        refusals.append(refusal(with_targets(excitation, targets)))
    assert sum("links overlap" in message for message in refusals) == 1
    assert max(refusals).startswith("if_")


def test_pressing_hard_is_refused() -> None:
    """The middle finger goes deeper than it should where it touches its first key."""
    excitation, names = excitation_of(LEAP), nominal_model(LEAP).joint_names
    row = round(min(note.start_s for note in excitation.score.notes) / 0.05)
    targets = excitation.plan.targets[: row + 20].copy()
    targets[row : row + 6, names.index("mf_mcp")] += 0.4
    message = refusal(with_targets(excitation, targets))
    assert re.match(rf"finger mf at 0.5\d s.*: presses with .* than {FORCE_LIMIT_N:g} N", message)


def test_running_against_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """From white to black keys without lifting the fingers over the edge between them."""
    monkeypatch.setattr(sketch, "OVER_WHITE_M", sketch.CLEAR_M)
    message = refusal(make_excitation(nominal_model(LEAP)))
    assert re.match(r"finger .f at \d+\.\d+ s.*: runs against the front of a key with", message)


@pytest.mark.parametrize("rig", RIGS)
def test_its_files_play_as_it_does(rig: str, tmp_path: Path) -> None:
    excitation, model = excitation_of(rig), nominal_model(rig)
    bundle, midi = write_excitation(excitation, model, tmp_path / "new")
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(midi), keyboard.lowest_pitch, keyboard.n_keys)
    np.testing.assert_array_equal(goals.keys, goals_of(excitation.score, model.rig).keys)
    policy = load_policy(str(bundle), model, goals)
    np.testing.assert_array_equal(policy.start, excitation.plan.start)
    rng = np.random.default_rng(0)
    for row, targets in enumerate(excitation.plan.targets):
        observation = {
            "joint_positions": rng.normal(size=model.n_joints),
            "joint_velocities": rng.normal(size=model.n_joints),
            "joint_targets": targets,
            "keys": np.zeros(model.n_keys),
            "goal": goals.lookahead(row).astype(np.float64),
            "score_time_s": np.array([row * 0.05]),
        }
        np.testing.assert_array_equal(policy(observation), targets)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(RIGS), st.floats(-0.3, 0.3), st.booleans())
def test_places_are_where_they_say(rig: str, y_m: float, black: bool) -> None:
    keyboard = load_rig(rig).keyboard
    place = places_of(rig).on_keys(y_m, black)
    keys = np.array(place.keys)
    assert (keyboard.black[keys] == black).all()
    np.testing.assert_array_equal(place.points[:, 1], keyboard.center_y[keys])
    assert (np.diff(place.points[:, 1]) > 0.04).all()  # links are 34 mm wide
    low, high = load_rig(rig).rail.range_m
    assert low <= place.rail_m <= high


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(RIGS),
    st.floats(-0.25, 0.25),
    st.sampled_from([1, -1]),
    st.floats(0.001, 0.008),
)
def test_between_keys_every_tip_is_as_near_to_its_neighbour_as_asked(
    rig: str, y_m: float, side: int, offset_m: float
) -> None:
    keyboard, places = load_rig(rig).keyboard, places_of(rig)
    place = places.on_keys(y_m, black=False)
    moved = places.between_keys(place, side, offset_m)
    white = keyboard.center_y[~keyboard.black]
    gaps = 0.5 * (white[1:] + white[:-1])
    for y in moved.points[:, 1]:
        nearest = gaps[np.abs(gaps - y).argmin()]
        assert abs(y - nearest) == pytest.approx(offset_m, abs=1e-6)
        assert np.sign(nearest - y) == side
    np.testing.assert_allclose(
        moved.points[:, 1] - moved.rail_m, place.points[:, 1] - place.rail_m, atol=1e-4
    )
