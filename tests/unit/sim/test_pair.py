"""Two hands: the published model, a published performance, and the interfaces around them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import numpy as np
import pytest
import yaml
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

import sim.pair.gym  # noqa: F401  # registers the environments
from score import Goals, Note, Score, load_song, make_goals
from score.robopianist import load_goals
from sim import RigError, SimError
from sim.pair import PAIRS, PairEnvironment, PairModel, PairRig, build_pair, flat, load_pair
from sim.rewards import energy, fingering_rewards, key_press

PUBLISHED: dict[str, NDArray[Any]] = dict(
    np.load(Path(__file__).parents[2] / "data" / "two_hands" / "rollout.npz")
)
N_STEPS = len(PUBLISHED["ctrl"])


@cache
def model_of(name: str) -> PairModel:
    return build_pair(load_pair(name))


@cache
def full_model() -> PairModel:
    """All joints move, as in the published performance."""
    reduced = load_pair("shadow_pair_88").model_dump(by_alias=True)
    return build_pair(PairRig.model_validate(reduced | {"welded_rad": {}, "ranges_rad": {}}))


def published_goals() -> Goals:
    keys = np.unpackbits(PUBLISHED["goal"], axis=1, count=88).astype(bool)
    score = Score("twinkle", (Note(60, 0.5, 1.0),))
    return Goals("twinkle", score, 21, 88, keys, PUBLISHED["sustain_goal"], ())


def addresses(model: PairModel) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of the published joints in ``qpos`` and ``qvel``."""
    joints = [model.mj.joint(name) for name in PUBLISHED["joint_names"]]
    return np.array([j.qposadr[0] for j in joints]), np.array([j.dofadr[0] for j in joints])


def test_is_the_published_model() -> None:
    model = full_model()
    _, dofs = addresses(model)
    joints = [model.mj.joint(name).id for name in PUBLISHED["joint_names"]]
    np.testing.assert_allclose(model.mj.jnt_range[joints], PUBLISHED["joint_range"], atol=1e-9)
    damping = model.mj.dof_damping[dofs]
    np.testing.assert_allclose(damping, PUBLISHED["joint_damping"], atol=3e-4)
    assert model.action_names == (*PUBLISHED["servo_names"], "sustain")
    np.testing.assert_allclose(model.mj.actuator_ctrlrange, PUBLISHED["ctrlrange"], atol=1e-12)
    np.testing.assert_array_equal(model.mj.actuator_gainprm[:, 0], PUBLISHED["gain"])


def test_reaches_and_rewards_as_published() -> None:
    """On the recorded states: fingertips, joints as observed, optimal-transport fingering."""
    model, goals = full_model(), published_goals()
    data, (qpos, _) = mujoco.MjData(model.mj), addresses(model)
    for t in range(N_STEPS):
        data.qpos[qpos] = PUBLISHED["qpos"][t + 1]
        mujoco.mj_kinematics(model.mj, data)
        tips = data.site_xpos[model.fingertip_sites]
        np.testing.assert_allclose(tips, PUBLISHED["fingertips"][t], rtol=0, atol=1e-12)
        centers, sizes = data.geom_xpos[model.key_geoms], model.key_half_sizes
        reward = fingering_rewards(goals.keys[t][None], tips[None], centers, sizes)[0]
        assert reward == pytest.approx(PUBLISHED["fingering"][t], abs=1e-9)
        observed = np.append(PUBLISHED["right_joints"][t + 1], PUBLISHED["left_joints"][t + 1])
        np.testing.assert_array_equal(data.qpos[model.joint_qpos], observed)


def test_plays_as_published() -> None:
    """From every recorded state one control step on; shapes differ a little, and keys stay right.

    The published forearm, and with mesh fingertips these, are meshes; ours are fitted to them.
    """
    model, goals = full_model(), published_goals()
    environment, (qpos, qvel) = PairEnvironment(model, goals), addresses(model)
    environment.reset()
    sounding = np.unpackbits(PUBLISHED["sounding"], axis=1, count=88).astype(bool)
    same, errors = 0, []
    for t in range(N_STEPS):
        environment.data.qpos[qpos] = PUBLISHED["qpos"][t]
        environment.data.qvel[qvel] = PUBLISHED["qvel"][t]
        environment.step(np.append(PUBLISHED["ctrl"][t], PUBLISHED["sustain"][t]))
        same += np.array_equal(environment.sounding, sounding[t])
        terms = environment.reward_terms
        assert terms["sustain"] == PUBLISHED["sustain_reward"][t]
        assert terms["collision"] == 0.5
        assert terms["energy"] == pytest.approx(PUBLISHED["energy"][t], abs=3e-3)
        errors.append(abs(terms["key_press"] - PUBLISHED["key_press"][t]))
    assert same >= 0.97 * N_STEPS
    assert np.median(errors) < 1e-9
    assert max(errors) < 0.03


@pytest.mark.parametrize(
    ("name", "actions", "joints", "size"),
    [("shadow_pair_88", 39, 46, 1144), ("shadow_pair_88_four_fingers", 33, 38, 1130)],
)
def test_has_the_published_sizes(name: str, actions: int, joints: int, size: int) -> None:
    model = model_of(name)
    environment = PairEnvironment(model, load_goals("twinkle_twinkle_little_star"))
    step = environment.reset()
    assert environment.action_spec().shape == (actions,)
    assert len(model.joint_names) == joints
    assert flat(step.observation).shape == (size,)
    for part, spec in environment.observation_spec().items():
        spec.validate(step.observation[part])


def test_the_left_hand_is_the_right_one_mirrored() -> None:
    model = model_of("shadow_pair_88")
    data, rng = mujoco.MjData(model.mj), np.random.default_rng(0)
    right = np.array([name.startswith("right") for name in model.joint_names])
    joints = [model.mj.joint(name).id for name in model.joint_names]
    low, high = model.mj.jnt_range[joints].T
    angles = rng.uniform(low, high)
    along = np.array([name.endswith("forearm_tx") for name in model.joint_names])
    data.qpos[model.joint_qpos[right]] = np.where(along, 0.0, angles)[right]
    data.qpos[model.joint_qpos[~right]] = np.where(along, 0.0, angles)[right]
    mujoco.mj_kinematics(model.mj, data)
    tips = data.site_xpos[model.fingertip_sites].reshape(2, -1, 3)
    np.testing.assert_allclose(tips[1], tips[0] * [1.0, -1.0, 1.0], atol=1e-9)


def test_little_fingers_are_tucked_away() -> None:
    model = model_of("shadow_pair_88_four_fingers")
    data = mujoco.MjData(model.mj)
    mujoco.mj_kinematics(model.mj, data)
    sites = data.site_xpos[model.fingertip_sites]
    assert sites.shape == (8, 3)
    assert not any("LFJ" in name for name in model.joint_names + model.action_names)


def test_an_episode_is_the_song_and_repeats() -> None:
    goals = load_goals("hot_cross_buns")
    environment = PairEnvironment(model_of("shadow_pair_88"), goals)
    rng = np.random.default_rng(1)
    spec = environment.action_spec()
    actions = rng.uniform(spec.minimum, spec.maximum, (goals.n_steps, *spec.shape))

    def play() -> list[float]:
        step, rewards = environment.reset(), []
        for action in actions:
            assert not step.last()
            step = environment.step(action)
            assert np.isfinite(flat(step.observation)).all()
            rewards.append(float(step.reward))
        assert step.last()
        assert step.discount == 1.0
        np.testing.assert_array_equal(step.observation["goal"][0], goals.keys[-1])
        return rewards

    assert play() == play()


def test_forearms_that_touch_cost_their_reward() -> None:
    environment = PairEnvironment(model_of("shadow_pair_88"), load_goals("hot_cross_buns"))
    environment.reset()
    action = np.zeros(39)
    names = environment.model.action_names
    action[names.index("right_forearm_tx")] = -0.3
    action[names.index("left_forearm_tx")] = 0.3
    met = [environment.step(action) and environment.reward_terms["collision"] for _ in range(20)]
    assert met[0] == 0.5
    assert 0.0 in met


def test_the_reward_is_that_of_the_published_terms() -> None:
    """Computed one by one and fast, and by ``sim.rewards``."""
    goals = published_goals()
    environment = PairEnvironment(model_of("shadow_pair_88"), goals)
    spec, rng = environment.action_spec(), np.random.default_rng(2)
    model, data = environment.model, environment.data
    environment.reset()
    for t in range(60):
        environment.step(rng.uniform(spec.minimum, spec.maximum))
        terms, goal, depth = (
            environment.reward_terms,
            goals.keys[t],
            environment.observation()["keys"],
        )
        assert terms["key_press"] == pytest.approx(key_press(goal, depth, environment.sounding))
        tips, centers = environment.fingertips[None], data.geom_xpos[model.key_geoms]
        fingering = fingering_rewards(goal[None], tips, centers, model.key_half_sizes)[0]
        assert terms["fingering"] == pytest.approx(fingering)
        force = data.actuator_force.copy()
        mujoco.mj_fwdVelocity(model.mj, data)
        assert terms["energy"] == pytest.approx(energy(force, data.actuator_velocity, 0.005))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"fingers": ["th", "xx"]}, "xx"),
        ({"slides": ["forearm_tw"]}, "forearm_tw"),
        ({"welded_rad": {"XXJ1": 0.0}}, "XXJ1"),
        ({"ranges_rad": {"XXJ1": [0.0, 1.0]}}, "XXJ1"),
        ({"hand": "leap_right"}, "hand"),
        ({"pedals": 2}, "pedals"),
    ],
)
def test_refuses_what_the_hand_does_not_have(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    content = load_pair("shadow_pair_88").model_dump(mode="json", by_alias=True) | changes
    path = tmp_path / "pair.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(RigError, match=complaint):
        load_pair(path)


def test_refuses_unknown_rigs_and_other_keyboards() -> None:
    with pytest.raises(RigError, match="shadow_pair_88 or"):
        load_pair("shadow_pair_99")
    goals = make_goals(load_song("hot_cross_buns"), 36, 49)
    with pytest.raises(SimError, match="49 keys"):
        PairEnvironment(model_of("shadow_pair_88"), goals)


@pytest.mark.parametrize("name", ["ShadowPair88-v0", "ShadowPair88FourFingers-v0"])
@pytest.mark.filterwarnings("ignore:.*A Box observation space:UserWarning")
def test_is_a_gymnasium_environment(name: str) -> None:
    environment = gymnasium.make(f"dacapo/{name}", song="hot_cross_buns")
    check_env(environment.unwrapped)
    _, info = environment.reset(seed=1)
    assert info == {}
    done = False
    while not done:
        action = environment.action_space.sample()
        _, _, terminated, done, info = environment.step(action)
        assert not terminated
    with pytest.raises(SimError, match="the song was over"):
        environment.step(action)
    with pytest.raises(SimError, match="not finite"):
        environment.step(np.full_like(action, np.nan))
    assert set(info["reward_terms"]) == {"key_press", "fingering", "sustain", "collision", "energy"}


def test_hashes_tell_rigs_apart() -> None:
    assert len({load_pair(name).hash for name in PAIRS}) == len(PAIRS)
