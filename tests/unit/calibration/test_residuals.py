"""Replay with the true parameters does what was recorded; with others it says how far off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.residuals import (
    STATE_DELAY,
    FreeParameters,
    Objective,
    Replayer,
    Scales,
    Segment,
    gap_of,
    residuals,
    segments_of,
)
from calibration.residuals.compared import compare_events
from calibration.residuals.objective import INFEASIBLE
from calibration.residuals.residuals import joint_errors, robust
from calibration.study.polish import least_squares
from calibration.study.slopes import AlongEntries
from hardware.world.physics import true_parameters
from sim import PHYSICS_STEP_S, PhysicsParameters
from tests.unit.calibration.performed import CLEAN, performed, rig

TRUTH = true_parameters(rig(), CLEAN)
WHITE = rig().keyboard.white_shape
FRONT_TRAVEL_M = (WHITE.body_x + WHITE.size[0] / 2 - WHITE.hinge_x) * WHITE.max_angle_rad
STATE_DELAY_S = CLEAN.timing.state_delay_s


@pytest.fixture(scope="module")
def segments() -> list[Segment]:
    return segments_of(performed(), rig())


@pytest.fixture(scope="module")
def replayer(segments: list[Segment]) -> Replayer:
    return Replayer(rig(), segments)


def test_the_truth_does_what_was_recorded(replayer: Replayer) -> None:
    """Joints to the last bits, keys between the physics steps at whose ends they were told."""
    replays = replayer.replay([TRUTH], STATE_DELAY_S)[0]
    assert replays is not None
    for replay in replays:
        positions, velocities = joint_errors(replay)
        assert np.abs(positions).max() < 1e-9
        assert np.abs(velocities).max() < 1e-6
        events = residuals(replay, Scales.of(rig(), [replay.segment])).events
        assert len(events.late_s) >= 8
        assert np.abs(events.late_s).max() <= PHYSICS_STEP_S / 2 + 1e-9
        assert not events.extra.any()
    gap = gap_of(replays)
    assert (gap.missed, gap.extra) == (0, 0)


def test_sets_replayed_together_are_those_replayed_alone(replayer: Replayer) -> None:
    nominal = PhysicsParameters.nominal(rig())
    together = replayer.replay([TRUTH, nominal], [STATE_DELAY_S, 0.0])
    alone = [replayer.replay([TRUTH], STATE_DELAY_S)[0], replayer.replay([nominal], 0.0)[0]]
    for both, one in zip(together, alone, strict=True):
        assert both is not None
        assert one is not None
        for replay, again in zip(both, one, strict=True):
            np.testing.assert_array_equal(replay.positions, again.positions)
            np.testing.assert_array_equal(replay.depths, again.depths)


def test_keys_that_nobody_can_play_have_no_replay(replayer: Replayer) -> None:
    sagging = TRUTH.with_values(key_stiffness_nm_per_rad=0.2)
    assert replayer.replay([sagging], 0.0) == [None]


def test_a_keyboard_out_of_reach_is_missed(replayer: Replayer, segments: list[Segment]) -> None:
    low = TRUTH.with_values(keyboard_z_m=-0.01)
    replays = replayer.replay([low], STATE_DELAY_S)[0]
    assert replays is not None
    gap = gap_of(replays)
    assert gap.missed == gap.onsets > 0
    assert np.isnan(gap.onset_mae_ms)
    assert gap.wrong_share == 1.0
    late = residuals(replays[0], Scales.of(rig(), segments)).errors
    assert (late["onset"] > 20).all()
    assert (late["release"] < -20).all()


def test_a_key_that_nobody_reaches_still_says_where_it_is(replayer: Replayer) -> None:
    """Two keyboards below all fingertips: on the lower one everything is missed by more."""
    low, lower = (TRUTH.with_values(keyboard_z_m=z_m) for z_m in (-0.0085, -0.0095))
    both = replayer.replay([low, lower], STATE_DELAY_S)
    shorts = []
    for replays in both:
        assert replays is not None
        assert replays[0].depths.max() < 0.01
        shorts.append(compare_events(replays[0]).short)
    further_m = (shorts[1] - shorts[0]) * FRONT_TRAVEL_M
    np.testing.assert_allclose(further_m, 0.001, rtol=0.2)


def test_a_key_that_sounds_when_it_should_not_is_extra(segments: list[Segment]) -> None:
    """The recording without one of its notes."""
    segment = segments[0]
    key = segment.event_keys[0]
    kept = segment.event_keys != key
    quieter = Segment(
        **{
            **vars(segment),
            "event_time_s": segment.event_time_s[kept],
            "event_keys": segment.event_keys[kept],
            "event_down": segment.event_down[kept],
        }
    )
    replays = Replayer(rig(), [quieter]).replay([TRUTH], STATE_DELAY_S)[0]
    assert replays is not None
    assert gap_of(replays).extra >= 1
    extra = residuals(replays[0], Scales.of(rig(), [quieter])).errors["extra"]
    assert np.flatnonzero(extra).tolist() == [key]
    assert extra[key] > 1


def test_the_truth_costs_least(segments: list[Segment]) -> None:
    """Along every entry that these four notes can show."""
    names = (
        "finger_stiffness_nm_per_rad",
        "finger_damping_nms_per_rad",
        "finger_frictionloss_nm",
        "keyboard_z_m",
        "command_delay_s",
        STATE_DELAY,
    )
    free = FreeParameters.of(rig(), names, center=TRUTH)
    objective = Objective(rig(), segments, free)
    truth = free.vector(TRUTH, STATE_DELAY_S)
    steps = [sign * 0.02 * row for row in np.eye(free.size) for sign in (-1, 1)]
    cost = objective.cost([truth, *(truth + step for step in steps)])
    assert (cost[1:] > 1.5 * cost[0]).all()
    assert cost[0] < 0.05


def test_the_gradient_leads_to_the_truth(segments: list[Segment]) -> None:
    """Least squares from some way off get much nearer."""
    names = ("finger_stiffness_nm_per_rad", "keyboard_z_m", "command_delay_s")
    free = FreeParameters.of(rig(), names, center=TRUTH, center_state_delay_s=STATE_DELAY_S)
    objective = Objective(rig(), segments, free)
    z = free.start + np.array([0.02, -0.02, 0.03])
    before = np.abs(z - free.start)
    z = least_squares(objective.residuals, z, z, AlongEntries(objective.residuals, 1e-3), 10)
    assert (np.abs(z - free.start) < 0.2 * before).all()


def test_residuals_are_as_many_for_all_and_finite(segments: list[Segment]) -> None:
    free = FreeParameters.of(rig(), ("key_stiffness_nm_per_rad", "keyboard_z_m"))
    objective = Objective(rig(), segments, free)
    rows = objective.residuals([[0.3, 0.5], [0.5, 0.5], [0.5, 0.0]])
    assert np.isfinite(rows).all()
    assert (np.abs(rows).max(axis=1) > 1).all()


def test_parameters_that_nobody_can_play_with_cost_much(segments: list[Segment]) -> None:
    free = FreeParameters.of(rig(), ("key_stiffness_nm_per_rad",))
    soft = replace(free, bounds=np.array([[0.2, 4.0]]))
    objective = Objective(rig(), segments, soft)
    rows = objective.residuals([[0.0], [0.5]])
    assert (rows[0] == INFEASIBLE).all()
    assert (np.abs(rows[1]) < INFEASIBLE).all()
    assert Objective(rig(), segments, soft).cost([[0.0]])[0] == 0.5 * INFEASIBLE**2


def test_errors_that_stay_are_taken_for_noise(segments: list[Segment]) -> None:
    free = FreeParameters.of(rig(), ("keyboard_z_m",))
    objective = Objective(rig(), segments, free)
    before, cost = objective.scales, objective.cost([free.start])[0]
    objective.rescale(free.start)
    assert (objective.scales.position >= before.position).all()
    assert objective.cost([free.start])[0] < cost


def test_robust_residuals_keep_sign_and_order() -> None:
    values = np.linspace(-200, 200, 4001)
    drawn = robust(values)
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_allclose(drawn[np.abs(values) < 0.3], values[np.abs(values) < 0.3], rtol=0.01)
    assert abs(drawn[0]) < 40


def test_nothing_to_learn_from_is_refused(segments: list[Segment]) -> None:
    with pytest.raises(CalibrationError, match="nothing to replay"):
        Replayer(rig(), [])
    with pytest.raises(CalibrationError, match="too much for one trial"):
        Replayer(rig(), segments * 30)
    silent = Segment(
        **{
            **vars(segments[0]),
            "event_time_s": np.zeros(0),
            "event_keys": np.zeros(0, np.intp),
            "event_down": np.zeros(0, np.bool_),
        }
    )
    with pytest.raises(CalibrationError, match="no key event"):
        Objective(rig(), [silent], FreeParameters.of(rig()))
