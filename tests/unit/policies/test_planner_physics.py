"""Plans for a rig that is not as its file says."""

from pathlib import Path

import numpy as np
import pytest

from policies import Plan, lead_of, load_policy, make_plan
from policies.bundle import write_bundle
from policies.bundle.untrained import untrained_bundle
from policies.evaluation import evaluate
from policies.planner.physics import Physics
from score import frame_scores, roll_of_events
from sim import PhysicsParameters, RigModel, Simulator, build_model, load_rig
from tests.unit.playing import RIGS, nominal_model, song_goals, song_plan

SONG = "are_you_sleeping"

ERRORS = {
    "keyboard lower and aside": {"keyboard_z_m": -0.003, "keyboard_y_m": 0.003},
    "keyboard nearer and turned": {"keyboard_x_m": 0.003, "keyboard_yaw_rad": 0.008},
    "weak servos, stiff keys": {"finger_stiffness_nm_per_rad": 0.7, "key_stiffness_nm_per_rad": 2},
    "late triggers": {"key_trigger_fraction": 0.72, "key_release_fraction": 0.5},
}
SLOW = {"key_damping_nms_per_rad": 1.6, "finger_damping_nms_per_rad": 1.6}
SCALED = ("finger_stiffness_nm_per_rad", "key_stiffness_nm_per_rad", *SLOW)


def model_with(rig: str, changes: dict[str, float]) -> RigModel:
    nominal = PhysicsParameters.nominal(load_rig(rig))
    values = {n: v * nominal.values[n] if n in SCALED else v for n, v in changes.items()}
    return nominal.with_values(**values).apply(build_model(nominal.hand_rig))


def frame_f1(plan: Plan, model: RigModel) -> float:
    goals, simulator = song_goals(model.rig.name, SONG), Simulator(model)
    simulator.reset(plan.start)
    events = [event for held in plan.targets for event in simulator.advance(held)]
    return frame_scores(goals.keys, roll_of_events(events, goals.n_steps, goals.n_keys)).f1


@pytest.mark.parametrize("rig", RIGS)
def test_the_nominal_physics_is_that_of_the_rig_file(rig: str) -> None:
    model = nominal_model(rig)
    physics = Physics.of(model)
    np.testing.assert_array_equal(physics.turn, np.eye(3))
    np.testing.assert_allclose(physics.shift, 0.0, atol=1e-15)
    damping = [model.rig.rail.damping_ns_per_m, model.rig.finger.damping_nms_per_rad]
    np.testing.assert_allclose(physics.damping[:2], damping)
    assert physics.key_stiffness == model.rig.keys.stiffness_nm_per_rad


@pytest.mark.parametrize("changes", ERRORS.values(), ids=ERRORS)
def test_a_plan_that_knows_the_physics_plays_better(changes: dict[str, float]) -> None:
    model = model_with("leap_rail_49", changes)
    knowing = frame_f1(make_plan(song_goals("leap_rail_49", SONG), model), model)
    assert knowing > 0.9
    nominal = frame_f1(song_plan("leap_rail_49", SONG), model)
    if "keyboard_yaw_rad" in changes:  # forward and back, plans bear it
        assert knowing >= nominal - 0.005
    else:
        assert knowing > nominal + 0.02


def test_encoder_offsets_are_taken_off_targets_and_references() -> None:
    offset = {"joint_offset:if_mcp": 0.02}
    nominal = song_plan("leap_rail_49", SONG)
    known = make_plan(song_goals("leap_rail_49", SONG), model_with("leap_rail_49", offset))
    column = nominal.joint_names.index("if_mcp")
    for before, after in ((nominal.references, known.references), (nominal.targets, known.targets)):
        np.testing.assert_allclose(before[:, column] - after[:, column], 0.02, atol=1e-9)


def test_what_all_keys_are_late_is_led(tmp_path: Path) -> None:
    goals, changes = song_goals("leap_rail_49", SONG), {**ERRORS["late triggers"], **SLOW}
    model = model_with("leap_rail_49", changes)
    plan = make_plan(goals, model)
    assert 0.0 < plan.lateness_s <= 0.05
    led = evaluate(plan, model, goals, 1).frame_f1
    assert led > evaluate(plan, model, goals, 1, lead_s=0.0).frame_f1 + 0.005
    write_bundle(untrained_bundle(model, goals, plan), tmp_path / "late.npz")
    policy = load_policy(str(tmp_path / "late.npz"), model, goals)
    assert lead_of(policy, model) == plan.lateness_s
    assert song_plan("leap_rail_49", SONG).lateness_s == 0.0
