"""Two hands in MJX against the C simulator: the same reduced model, states, observation, reward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("mujoco.mjx", reason="needs the extra mjx")
pytest.importorskip("warp", reason="needs the extra mjx")

from mujoco import mjx
from scipy.optimize import linear_sum_assignment

from score import load_song, make_goals
from score.robopianist import load_goals
from sim import SimError
from sim.device import DeviceMemoryError
from sim.mjx import (
    ContactOverflowError,
    MjxEnvironment,
    MjxPhysics,
    build_reduced,
    room_for,
)
from sim.mjx.contacts import overflowed
from sim.mjx.fingering import fingering
from sim.mjx.model import max_rows
from sim.mjx.observation import Seen
from sim.mjx.reward import MjxReward, sustain_worth
from sim.mjx.song import Song
from sim.pair import PairEnvironment, PairModel, build_pair, flat, load_pair
from sim.rewards import sustain

Floats = NDArray[np.float64]
Data = Any
SONG = "hot_cross_buns"


@cache
def reduced(max_contacts: int = 32) -> PairModel:
    model = build_reduced(load_pair("shadow_pair_88"), max_contacts)
    model.mj.opt.iterations = 20  # without a GPU Warp takes every one of them
    return model


def wandering(model: PairModel, n_steps: int, seed: int) -> Floats:
    """Targets that change every quarter of a second; hands stay over the keyboard's middle."""
    rng = np.random.default_rng(seed)
    targets = rng.uniform(
        model.action_low, model.action_high, (n_steps // 5, len(model.action_low))
    )
    along = [name.endswith("forearm_tx") for name in model.action_names]
    targets[:, along] *= 0.1
    return targets.repeat(5, axis=0)


def errors(
    mj: mujoco.MjModel, step: Callable[[Data], Data], data: Data, seed: int
) -> tuple[float, bool]:
    """Largest of ``qpos`` against C over 200 physics steps, and whether anything touched."""
    touched, reference, error = False, mujoco.MjData(mj), 0.0
    for action in wandering(reduced(), 20, seed).repeat(10, axis=0):
        reference.ctrl[:] = action[:-1]
        mujoco.mj_step(mj, reference)
        data = step(data.replace(ctrl=jnp.asarray(action[:-1])))
        error = max(error, float(np.abs(np.asarray(data.qpos) - reference.qpos).max()))
        touched |= reference.ncon > 0
    return error, touched


@pytest.fixture
def _double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("_double_precision")
def test_jax_moves_as_the_c_simulator_but_for_contacts() -> None:
    """Servos, limits, friction, springs; what is left is the tolerance of the solver."""
    mj = copy(reduced().mj)
    mj.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    model, data = mjx.put_model(mj, impl="jax"), mjx.make_data(mj, impl="jax")
    step = jax.jit(lambda data: mjx.step(model, data))
    error, _ = errors(mj, step, data, seed=1)
    assert error < 1e-7


def test_jax_finds_contacts_as_deep_as_the_c_simulator() -> None:
    """Between fingertips and keys that are well within; at edges it may find none."""
    mj, reference = reduced().mj, pressed()
    model, data = mjx.put_model(mj, impl="jax"), mjx.make_data(mj, impl="jax")
    look = jax.jit(lambda data: mjx.collision(model, mjx.kinematics(model, data)))
    contact = look(data.replace(qpos=jnp.asarray(reference.qpos)))._impl.contact
    found = deepest(np.asarray(contact.geom), np.asarray(contact.dist))
    expected = deepest(reference.contact.geom, reference.contact.dist)
    assert found.keys() <= expected.keys()
    well_within = {pair: depth for pair, depth in expected.items() if depth < -1e-3}
    assert len(well_within) >= 4
    assert {pair: found[pair] for pair in well_within} == pytest.approx(well_within, abs=1e-5)


def deepest(geoms: NDArray[np.int32], distances: Floats) -> dict[tuple[int, int], float]:
    """Distance of the deepest contact of each pair of shapes that touch."""
    pairs: dict[tuple[int, int], float] = {}
    for (first, second), distance in zip(geoms.tolist(), distances.tolist(), strict=True):
        if distance < 0:
            pairs[first, second] = min(distance, pairs.get((first, second), 0.0))
    return pairs


def test_warp_moves_as_the_c_simulator() -> None:
    mj = reduced().mj
    model = mjx.put_model(mj, impl="warp")
    data = mjx.make_data(mj, impl="warp", naconmax=32, njmax=max_rows(mj))
    step = jax.jit(lambda data: mjx.step(model, data))
    error, touched = errors(mj, step, data, seed=1)
    assert touched
    assert error < 1e-5


def settle(environment: PairEnvironment) -> None:
    """Keys at rest; C has them swing by 1e-3 rad first, and contacts would make more of that."""
    model = environment.model
    data = mujoco.MjData(model.mj)
    mujoco.mj_step(model.mj, data, 200)
    environment.data.qpos[: model.n_keys] = data.qpos[: model.n_keys]


def test_plays_as_the_environment_of_the_c_simulator() -> None:
    """Two environments of a batch with other actions, through the end of the song and beyond."""
    model, goals = reduced(), load_goals(SONG)
    environment = MjxEnvironment(model, goals, "warp", n_envs=2)
    state = jax.jit(jax.vmap(environment.reset))(jax.random.split(jax.random.key(0), 2))
    last = goals.n_steps - 15
    state = state._replace(step=jnp.array([0, last]))
    step = jax.jit(jax.vmap(environment.step))
    references = [PairEnvironment(model, goals), PairEnvironment(model, goals)]
    for reference in references:
        reference.reset()
        settle(reference)
    references[1]._step = last
    actions = np.stack([wandering(model, 20, seed) for seed in (1, 2)], axis=1)
    for t, action in enumerate(actions):
        state, observed, reward, done = step(state, jnp.asarray(action))
        for i, reference in enumerate(references):
            expected = reference.step(action[i])
            assert bool(done[i]) == expected.last()
            assert float(reward[i]) == pytest.approx(expected.reward, abs=5e-3)
            if expected.last():
                expected = reference.reset()
                settle(reference)
            np.testing.assert_allclose(observed[i], flat(expected.observation), atol=5e-3)
        assert bool(done[1]) == (t == 14)
    environment.check(state)


def test_keys_that_nobody_is_near_leave_the_hands_as_they_are() -> None:
    """They move by a formula and meet their stops without a bounce."""
    mj = reduced().mj
    physics, reference, touched = MjxPhysics(mj, "warp", 1), mujoco.MjData(mj), 0
    advance = jax.jit(jax.vmap(physics.advance))
    data = jax.vmap(lambda _: physics.fresh())(jnp.arange(1))
    for action in wandering(reduced(), 40, seed=4):
        data, _, dropped = advance(data, jnp.asarray(action[None, :-1]))
        reference.ctrl[:] = action[:-1]
        mujoco.mj_step(mj, reference, 10)
        touched += reference.ncon > 0
        error = np.abs(np.maximum(data.qpos[0], 0.0) - np.maximum(reference.qpos, 0.0))
        assert error[88:].max() < 1e-3
        assert error[:88].max() < 2e-3
        assert not dropped.any()
    assert touched > 5


def test_more_keys_near_fingertips_than_there_is_room_for_are_an_error() -> None:
    model = build_reduced(load_pair("shadow_pair_88"), max_near_keys=2)
    environment = MjxEnvironment(model, load_goals(SONG), "warp", n_envs=1)
    state = jax.vmap(environment.reset)(jax.random.split(jax.random.key(0), 1))
    state = state._replace(data=state.data.replace(qpos=jnp.asarray(pressed().qpos)[None]))
    state, *_ = jax.jit(jax.vmap(environment.step))(state, jnp.zeros((1, environment.n_actions)))
    with pytest.raises(ContactOverflowError, match="contacts or 2 keys near fingertips"):
        environment.check(state)


def test_hands_that_feel_gravity_are_refused() -> None:
    rig = load_pair("shadow_pair_88").model_copy(update={"gravity_compensation": False})
    with pytest.raises(SimError, match="gravity_compensation: true"):
        build_reduced(rig)


def test_resets_spread_over_the_song() -> None:
    environment = MjxEnvironment(reduced(), load_goals(SONG), "warp", n_envs=64)
    state = jax.vmap(environment.reset)(jax.random.split(jax.random.key(0), 64))
    assert len(set(state.step.tolist())) > 20
    assert jax.vmap(environment.observe)(state).shape == (64, 1144)


def pressed() -> mujoco.MjData:
    """Fingertips pushed into the keys."""
    model = reduced()
    data = mujoco.MjData(model.mj)
    joints = [name.endswith(("FJ3", "WRJ1")) for name in model.joint_names]
    data.qpos[model.joint_qpos[np.array(joints)]] = 0.3
    mujoco.mj_forward(model.mj, data)
    assert data.ncon > 4
    return data


def test_jax_reports_contacts_without_room() -> None:
    qpos = jnp.asarray(pressed().qpos)
    for room, dropped in ((2, True), (32, False)):
        mj = reduced(room).mj
        model, data = mjx.put_model(mj, impl="jax"), mjx.make_data(mj, impl="jax")
        data = jax.jit(lambda m, d: mjx.collision(m, mjx.kinematics(m, d)))(
            model, data.replace(qpos=qpos)
        )
        assert bool(overflowed(data)) is dropped


def test_warp_without_room_for_contacts_is_an_error() -> None:
    environment = MjxEnvironment(reduced(1), load_goals(SONG), "warp", n_envs=1)
    state = jax.vmap(environment.reset)(jax.random.split(jax.random.key(0), 1))
    environment.check(state)
    state = state._replace(data=state.data.replace(qpos=jnp.asarray(pressed().qpos)[None]))
    state, *_ = jax.jit(jax.vmap(environment.step))(state, jnp.zeros((1, environment.n_actions)))
    with pytest.raises(ContactOverflowError, match="1 of 1 environments had more than 1 contacts"):
        environment.check(state)


def test_warp_reports_rows_without_room() -> None:
    """Of constraints; ``max_rows`` has room for all that ``max_contacts`` can bring."""
    mj, qpos = reduced().mj, jnp.asarray(pressed().qpos)
    model = mjx.put_model(mj, impl="warp")
    for room, dropped in ((8, True), (max_rows(mj), False)):
        data = mjx.make_data(mj, impl="warp", naconmax=32, njmax=room)
        data = jax.jit(lambda data: mjx.step(model, data))(data.replace(qpos=qpos))
        assert bool(overflowed(data)) is dropped


def test_the_reward_is_that_of_the_c_simulator() -> None:
    """From the same states, hands apart and forearms in each other."""
    model, goals = build_pair(load_pair("shadow_pair_88")), load_goals(SONG)
    reference, reward = PairEnvironment(model, goals), jax.jit(MjxReward(model, Song.of(goals)))
    rng = np.random.default_rng(3)
    reference.reset()
    touched = []
    for t in range(60):
        action = rng.uniform(model.action_low, model.action_high)
        reference.step(action)
        data = reference.data
        parts = ("keys", "sustain", "fingertips", "joints")
        seen = Seen(*(jnp.asarray(reference.observation()[part]) for part in parts))
        terms = reward(
            t,
            seen,
            sounding=reference.sounding,
            pedal_down=np.bool_(reference.pedal_down),
            geom_places=data.geom_xpos,
            force=data.actuator_force,
            velocity=data.qvel,
        )
        for name, value in reference.reward_terms.items():
            assert float(terms[name]) == pytest.approx(value, rel=1e-4, abs=1e-5), name
        touched.append(reference.reward_terms["collision"] == 0.0)
    assert 0 < sum(touched) < 60


@pytest.mark.parametrize("n_due", range(13))
def test_fingering_is_the_best_there_is(n_due: int) -> None:
    rng = np.random.default_rng(n_due)
    due = jnp.arange(12) < n_due
    for _ in range(5):
        distances = rng.uniform(size=(12, 10))
        worth = np.exp(-distances)
        keys, fingers = linear_sum_assignment(distances[:n_due])
        expected = worth[keys, fingers].mean() if n_due else 1.0
        assert float(_fingering(distances, worth, due)) == pytest.approx(expected, abs=1e-6)


_fingering = jax.jit(fingering)


def test_the_pedal_is_worth_what_it_is_worth() -> None:
    goal, down = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    np.testing.assert_allclose(
        sustain_worth(jnp.asarray(goal - down)), sustain(goal, down), rtol=1e-5
    )


@pytest.mark.parametrize(
    "said",
    [
        "RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes.",
        "INTERNAL: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
        "Failed to allocate 1 bytes on device 'cuda:0'",
    ],
)
def test_says_in_one_line_what_to_change_when_memory_is_short(said: str) -> None:
    complaint = r"for 4096 environments: try 2048 \(--envs\)"
    with pytest.raises(DeviceMemoryError, match=complaint), room_for(4096):
        raise jax.errors.JaxRuntimeError(said)
    with pytest.raises(RuntimeError, match="something else"), room_for(1):
        raise RuntimeError("something else")


def test_refuses_goals_of_another_keyboard() -> None:
    goals = make_goals(load_song(SONG), 36, 49)
    with pytest.raises(SimError, match="49 keys"):
        MjxEnvironment(reduced(), goals, "warp", n_envs=1)
