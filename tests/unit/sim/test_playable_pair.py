"""Two hands behind the interfaces of one: coupled joints, pedal, keys, published rewards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from score import Goals, load_song, make_goals
from sim import (
    BatchedEnvironment,
    Environment,
    ParameterError,
    PhysicsParameters,
    PlayablePair,
    RigError,
    SimError,
    Simulator,
    build_playable,
    has_two_hands,
    load_any_rig,
    load_rig,
    read_parameters,
    record_states,
)
from sim.pair import PAIRS, PairEnvironment, load_pair
from sim.pair.reward import PairReward
from tests.unit.playing import fumbling, nominal_pair

PAIR = "shadow_pair_88"
Floats = NDArray[np.float64]

every_pair = pytest.mark.parametrize("rig", PAIRS)


def song() -> Goals:
    """With a pedal that is due every other tenth of a second."""
    goals = make_goals(load_song("ode_to_joy"), 21, 88)
    return replace(goals, sustain=np.arange(goals.n_steps) % 4 < 2)


@every_pair
def test_every_address_is_that_of_the_published_pair(rig: str) -> None:
    model = nominal_pair(rig)
    mj, pair = model.mj, model.pair
    assert model.joint_names == pair.action_names
    assert model.rig.n_actions == model.n_joints
    np.testing.assert_array_equal(mj.geom_bodyid, pair.mj.geom_bodyid)
    np.testing.assert_array_equal(mj.jnt_dofadr[:-1], pair.mj.jnt_dofadr)
    for column, name in enumerate(model.joint_names):
        assert mj.actuator(name).id == model.actuators[column]
    coupled = [model.joint_names[column] for column in model.coupled]
    assert coupled == [name for name in model.joint_names if name.endswith("J0")]


@every_pair
def test_coupled_joints_count_together_and_start_alike(rig: str) -> None:
    model = nominal_pair(rig)
    simulator, posture = Simulator(model), fumbling(model, 20, 1)[-1, 0]
    simulator.reset(posture)
    np.testing.assert_allclose(simulator.joint_positions, posture, atol=1e-15)
    first = simulator.data.qpos[model.joint_qpos[model.coupled]]
    np.testing.assert_array_equal(simulator.data.qpos[model.coupled_qpos], first)
    simulator.advance(posture)
    length, velocity = simulator.data.actuator_length, simulator.data.actuator_velocity
    mujoco.mj_forward(model.mj, simulator.data)
    np.testing.assert_allclose(simulator.joint_positions, length, atol=1e-12)
    np.testing.assert_allclose(simulator.joint_velocities, velocity, atol=1e-12)


@every_pair
def test_plays_as_the_published_environment(rig: str) -> None:
    """The same keys sound, and rewards and tips are the same, as long as nothing is chaotic."""
    model, goals = nominal_pair(rig), song()
    actions = fumbling(model, 12, 1)[:, 0]
    rest = np.clip(np.zeros(model.n_joints), model.joint_low, model.joint_high)
    ours, published = Environment(model, goals, rest), PairEnvironment(model.pair, goals)
    ours.reset()
    published.reset()
    for action in actions:
        reward, expected = ours.step(action).reward, published.step(action).reward
        assert reward == pytest.approx(expected, abs=1e-6)
        assert ours.pedal[-1] == published.pedal_down
        np.testing.assert_array_equal(ours.simulator.keys_down, published.sounding)
        tips = ours.simulator.fingertips
        np.testing.assert_allclose(tips, published.fingertips, atol=1e-6)


def crossing(model: PlayablePair, steps: int) -> Floats:
    """Forearms that drive into each other and apart, with the pedal and some fingers moving."""
    targets = fumbling(model, steps, 2)
    apart = np.cos(np.arange(steps) / 5)[:, None] * 0.2
    right, left = (model.joint_names.index(f"{side}_forearm_tx") for side in ("right", "left"))
    targets[:, :, right], targets[:, :, left] = -0.05 + apart, 0.05 - apart
    return targets


@every_pair
def test_batched_rewards_are_the_published_ones(rig: str) -> None:
    """All five terms of states that a batch reached, with forearms that touch in some."""
    model, goals = nominal_pair(rig), song()
    actions = crossing(model, 40)
    batch = BatchedEnvironment(model, goals, 2, actions[0, 0], threads=1)
    published, seen = PairReward(replace(model.pair, mj=model.mj), goals), set()
    data = mujoco.MjData(model.mj)
    for step, action in enumerate(actions):
        batch.step(action)
        for index in range(2):
            data.qpos[:], data.qvel[:] = batch._qpos[index], batch._qvel[index]
            data.actuator_force[:] = batch._force[index]
            mujoco.mj_kinematics(model.mj, data)
            keys = batch.row_keys[index]
            terms = published(data, step, batch.key_depth[index], keys, action[index, -1] >= 0.5)
            for name, value in terms.items():
                assert batch.reward_terms[name][index] == pytest.approx(value, abs=1e-9), name
            seen |= {("forearms", terms["collision"]), ("pedal", bool(batch.pedal_down[index]))}
    assert seen == {("forearms", 0.0), ("forearms", 0.5), ("pedal", False), ("pedal", True)}


def test_a_key_sounds_within_half_a_degree_of_its_stop() -> None:
    model = nominal_pair(PAIR)
    left = (1.0 - model.key_trigger) * model.key_travel_rad
    np.testing.assert_allclose(left, np.deg2rad(0.5), atol=1e-7)
    np.testing.assert_array_equal(model.key_trigger, model.key_release)


def test_an_episode_can_start_along_the_song() -> None:
    """With both joints of a tendon where they were."""
    model, goals = nominal_pair(PAIR), song()
    targets = fumbling(model, 24, 1)[:, 0]
    states = record_states(model, targets[0], targets)
    batch = BatchedEnvironment(model, goals, 2, targets[0], threads=1)
    batch.reset(np.array([1]), states, np.array([18]))
    np.testing.assert_array_equal(batch._qpos[1], states.qpos[18])
    np.testing.assert_array_equal(batch.observation["keys"][1], states.sounding[18])
    batch.step(np.stack([targets[0], targets[18]]))
    expected = model.positions(states.qpos[19])
    np.testing.assert_allclose(batch.observation["joint_positions"][1], expected, atol=2e-3)


def test_only_ranges_bound_targets() -> None:
    model = nominal_pair(PAIR)
    nowhere = np.zeros(model.n_joints)
    far = model.limits.limit(np.full(model.n_joints, 99.0), nowhere, nowhere)
    np.testing.assert_array_equal(far, model.joint_high)
    with pytest.raises(SimError, match="not finite"):
        model.limits.limit(np.full(model.n_joints, np.nan), nowhere, nowhere)


def test_has_no_physics_parameters() -> None:
    parameters = PhysicsParameters.nominal(load_any_rig(PAIR))
    assert parameters.values == {}
    model = nominal_pair(PAIR)
    assert parameters.apply(model) is model
    with pytest.raises(ParameterError, match="has no physics parameters"):
        read_parameters(Path("any.yaml"), parameters.rig)


def test_rigs_are_found_by_name_or_file(tmp_path: Path) -> None:
    assert has_two_hands(PAIR)
    assert not has_two_hands("leap_rail_49")
    assert not has_two_hands("no_such_rig")
    assert build_playable(load_any_rig("leap_rail_49")).pedal is None
    file = tmp_path / "mine.yaml"
    content = load_pair(PAIR).model_dump(mode="json", by_alias=True) | {"name": "mine"}
    file.write_text(yaml.safe_dump(content))
    assert load_any_rig(file).name == "mine"
    for rig in (PAIR, file):
        with pytest.raises(RigError, match="has two hands, this is for one: choose allegro"):
            load_rig(rig)
