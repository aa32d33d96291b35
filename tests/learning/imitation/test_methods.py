"""Each method on targets whose answer is known; NumPy plays what JAX trained."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from policies.imitation.bc import BehaviourCloning
from policies.imitation.bc_rnn import RecurrentCloning
from policies.imitation.diffusion import KEPT, VISITS, DiffusionPolicy, ddim_step
from policies.imitation.hand_cloning import HandCloning
from policies.imitation.implicit_bc import ImplicitCloning, energy, energy_slope, observed
from policies.imitation.learner import update
from policies.imitation.method import Method
from policies.imitation.methods import METHODS as ALL
from policies.imitation.networks import Array, Arrays, initial, mlp
from policies.imitation.unet import unet

BC = BehaviourCloning((32, 32), batch_size=64)
RNN = RecurrentCloning(16, learning_rate=1e-2, batch_size=64, history=3)
IMPLICIT = ImplicitCloning((64, 64), samples=16, steps=12, batch_size=64, learning_rate=3e-3)
DIFFUSION = DiffusionPolicy(
    (16, 32), 32, carried_out=2, learning_rate=3e-3, batch_size=64, history=1, horizon=4
)
METHODS: dict[str, Method] = {
    "bc": BC,
    "bc-rnn": RNN,
    "implicit-bc": IMPLICIT,
    "diffusion": DIFFUSION,
}
SHIPPED = dict(ALL)  # before a fixture puts a tiny one there
OBSERVATION, ACTION = 3, 2
QUICK = {"xla_backend_optimization_level": 0}  # compiling takes longer than all steps together
MATRIX = np.array([[0.5, -0.3], [0.2, 0.4], [-0.4, 0.1]], np.float32)


def linear(rng: np.random.Generator, method: Method) -> tuple[Array, Array]:
    """Actions are a linear map of the observation; a chunk repeats the first of its window."""
    seen = rng.uniform(-1, 1, (method.batch_size, method.history, OBSERVATION))
    answers = seen @ MATRIX
    done = answers if method.lead else np.repeat(answers[:, -1:], method.horizon, axis=1)
    return seen.astype(np.float32), done.astype(np.float32)


def bimodal(rng: np.random.Generator, method: Method) -> tuple[Array, Array]:
    """Plus or minus 0.6, whatever is observed."""
    seen, _ = linear(rng, method)
    sign = rng.choice([-0.6, 0.6], (method.batch_size, 1, 1))
    shape = (method.batch_size, method.horizon, ACTION)
    return seen, np.broadcast_to(sign, shape).astype(np.float32)


def trained(method: Method, make: object, steps: int) -> Arrays:
    """Averaged parameters after some gradient steps."""
    rng = np.random.default_rng(0)
    optimiser = optax.adam(method.learning_rate)
    parameters = initial(method.shapes(OBSERVATION, ACTION), rng)
    state = {"parameters": parameters, "average": parameters}
    state["optimiser"] = optimiser.init(parameters)
    improve = jax.jit(partial(update, method, optimiser), compiler_options=QUICK)
    for number in range(steps):
        seen, done = make(rng, method)  # type: ignore[operator]
        draws = method.draw(rng, method.batch_size, ACTION)
        state, _ = improve(state, (seen, done, draws), min(0.99, (1 + number) / (10 + number)))
    return {name: np.asarray(array) for name, array in state["average"].items()}


def acted(method: Method, parameters: Arrays, seen: Array) -> Array:
    """The first action for each window."""
    draws = method.draw_to_act(np.random.default_rng(1), len(seen), ACTION)
    return np.asarray(method.act(np, parameters, seen, draws))[:, 0]


@pytest.mark.parametrize(
    ("name", "steps", "error"),
    [("bc", 400, 0.05), ("bc-rnn", 400, 0.07), ("implicit-bc", 400, 0.2), ("diffusion", 400, 0.2)],
)
def test_a_linear_map_is_learned(name: str, steps: int, error: float) -> None:
    method = METHODS[name]
    parameters = trained(method, linear, steps)
    seen, _ = linear(np.random.default_rng(2), method)
    found = acted(method, parameters, seen)
    assert np.sqrt(np.mean((found - seen[:, -1] @ MATRIX) ** 2)) < error


@pytest.mark.parametrize(("name", "steps"), [("implicit-bc", 300), ("diffusion", 500)])
def test_of_two_answers_one_is_chosen(name: str, steps: int) -> None:
    method = METHODS[name]
    parameters = trained(method, bimodal, steps)
    seen, _ = bimodal(np.random.default_rng(2), method)
    found = acted(method, parameters, seen)
    assert np.mean(np.abs(np.abs(found) - 0.6) < 0.3) > 0.9
    assert {-1.0, 1.0} <= set(np.sign(found[:, 0]).tolist())


def test_a_hand_is_blind_to_the_other_one() -> None:
    """And an odd number of actions is the left hand's: the pedal is with it."""
    method, rng = HandCloning((8,), batch_size=8), np.random.default_rng(0)
    parameters = initial(method.shapes(6, 5), rng)
    seen = rng.uniform(-1, 1, (4, 1, 6)).astype(np.float32)
    moved = seen + np.array([0, 0, 0, 1, 1, 1], np.float32)
    change = method.outputs(np, parameters, moved) - method.outputs(np, parameters, seen)
    assert (change[..., :2] == 0.0).all()
    assert (change[..., 2:] != 0.0).any(axis=0).all()


def test_regression_averages_two_answers() -> None:
    parameters = trained(BC, bimodal, 300)
    seen, _ = bimodal(np.random.default_rng(2), BC)
    assert np.abs(acted(BC, parameters, seen)).max() < 0.3


@pytest.mark.parametrize("name", METHODS)
def test_numpy_plays_what_jax_trained(name: str) -> None:
    method = METHODS[name]
    rng = np.random.default_rng(3)
    parameters = initial(method.shapes(OBSERVATION, ACTION), rng)
    seen, _ = linear(rng, method)
    draws = method.draw_to_act(rng, len(seen), ACTION)
    ours = method.act(np, parameters, seen, draws)
    theirs = jax.jit(partial(method.act, jnp))(parameters, seen, draws)
    # Ten passes of the denoiser enlarge what one pass rounds (below).
    np.testing.assert_allclose(ours, theirs, atol=1e-3 if name == "diffusion" else 1e-5)


def test_numpy_denoises_as_jax_does() -> None:
    rng = np.random.default_rng(3)
    parameters = initial(DIFFUSION.shapes(OBSERVATION, ACTION), rng)
    chunk = rng.standard_normal((8, 4, ACTION), np.float32)
    seen, levels = rng.standard_normal((8, OBSERVATION), np.float32), np.arange(8) * 10
    ours = unet(np, parameters, chunk, levels, seen, channels=DIFFUSION.channels)
    theirs = jax.jit(partial(unet, jnp, channels=DIFFUSION.channels))(
        parameters, chunk, levels, seen
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_ddim_recovers_what_was_noised_with_known_noise() -> None:
    rng = np.random.default_rng(0)
    clean = rng.uniform(-1, 1, (2, 4, 3))
    noise = rng.standard_normal(clean.shape)
    kept, after = float(KEPT[VISITS[2]]), float(KEPT[VISITS[3]])
    noisy = np.sqrt(kept) * clean + np.sqrt(1 - kept) * noise
    expected = np.sqrt(after) * clean + np.sqrt(1 - after) * noise
    np.testing.assert_allclose(ddim_step(np, noisy, noise, kept, after), expected, atol=1e-9)
    np.testing.assert_allclose(ddim_step(np, noisy, noise, kept, 1.0), clean, atol=1e-9)


def test_the_schedule_goes_from_clean_to_noise() -> None:
    assert KEPT[0] > 0.999
    assert KEPT[-1] < 1e-3
    assert (np.diff(KEPT) < 0).all()
    assert len(VISITS) == 10


def test_the_slope_of_the_energy_is_its_gradient() -> None:
    rng = np.random.default_rng(0)
    parameters = initial(IMPLICIT.shapes(OBSERVATION, ACTION), rng)
    seen, _ = linear(rng, IMPLICIT)
    actions = rng.uniform(-1, 1, (len(seen), 5, ACTION)).astype(np.float32)
    first = observed(parameters, seen)
    gradient = jax.grad(lambda a: energy(jnp, parameters, first, a).sum())(actions)
    np.testing.assert_allclose(energy_slope(np, parameters, first, actions), gradient, atol=1e-5)


def test_the_energy_is_a_perceptron_of_observations_and_action() -> None:
    rng = np.random.default_rng(0)
    parameters = initial(IMPLICIT.shapes(OBSERVATION, ACTION), rng)
    seen, _ = linear(rng, IMPLICIT)
    actions = rng.uniform(-1, 1, (len(seen), 5, ACTION)).astype(np.float32)
    repeated = np.repeat(seen.reshape(len(seen), 1, -1), 5, axis=1)
    wanted = mlp(np, parameters, np.concatenate([repeated, actions], axis=-1))[..., 0]
    found = energy(np, parameters, observed(parameters, seen), actions)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("name", SHIPPED)
def test_methods_of_real_size_learn_and_act(name: str) -> None:
    method, (observation, action) = SHIPPED[name], (1144, 39)
    rng = np.random.default_rng(0)
    parameters = initial(method.shapes(observation, action), rng)
    optimiser = optax.sgd(1e-3)
    state = {"parameters": parameters, "average": parameters}
    state["optimiser"] = optimiser.init(parameters)
    seen = rng.standard_normal((2, method.history, observation), np.float32)
    done = rng.uniform(-1, 1, (2, method.horizon, action)).astype(np.float32)
    draws = method.draw(rng, 2, action)
    improve = jax.jit(partial(update, method, optimiser), compiler_options=QUICK)
    state, loss = improve(state, (seen, done, draws), 0.5)
    assert np.isfinite(loss)
    moved = [not np.array_equal(state["parameters"][key], parameters[key]) for key in parameters]
    assert all(moved)
    acted = method.act(np, parameters, seen[:1], method.draw_to_act(rng, 1, action))
    assert acted.shape[::2] == (1, action)
    assert np.abs(acted).max() <= 1.0
