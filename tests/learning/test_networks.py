"""Networks and their way out of JAX."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from policies.bundle.runtime import Network
from policies.learning.networks import Mlp, Normaliser, layers_of
from tests.unit.policies.bundles import small_bundle


def test_normaliser_is_fitted_to_its_samples() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal([1.0, -20.0], [2.0, 0.5], (4000, 2)).astype(np.float32)
    normaliser = Normaliser.fitted(samples)
    np.testing.assert_allclose(normaliser.mean, [1.0, -20.0], atol=0.1)
    np.testing.assert_allclose(normaliser.std, [2.05, 0.55], atol=0.1)
    normal = np.asarray(normaliser(jnp.asarray(samples)))
    np.testing.assert_allclose(normal.mean(axis=0), 0.0, atol=1e-4)


def test_normaliser_cuts_off_what_it_never_saw() -> None:
    normaliser = Normaliser.fitted(np.zeros((5, 2), np.float32))  # never changed: std is the floor
    seen = np.asarray(normaliser(jnp.array([0.1, -9.0])))
    np.testing.assert_allclose(seen, [2.0, -8.0])


def test_the_numpy_runtime_gives_what_the_network_gives() -> None:
    bundle, rng = small_bundle(), np.random.default_rng(1)
    size, joints = bundle.mean.size, len(bundle.joint_names)
    network = Mlp((24, 16), joints, output_scale=0.3)
    parameters = jax.jit(network.init)(jax.random.key(0), np.zeros((1, size), np.float32))
    parameters = jax.tree.map(lambda x: x + 0.01, parameters)  # biases begin at zero
    runtime = Network(replace(bundle, layers=layers_of(parameters)))
    normaliser = Normaliser(jnp.asarray(bundle.mean), jnp.asarray(bundle.std))
    samples = rng.normal(0, 2, (50, size)).astype(np.float32)
    outputs = np.asarray(jax.jit(network.apply)(parameters, normaliser(jnp.asarray(samples))))
    for features, output in zip(samples, outputs, strict=True):
        np.testing.assert_allclose(runtime(features), np.clip(output, -1, 1), atol=1e-6)


def test_layers_come_in_the_order_of_the_network() -> None:
    widths = range(1, 13)  # Dense_10 comes after Dense_9, not after Dense_1
    layers = {f"Dense_{i}": {"kernel": np.ones((1, w)), "bias": w} for i, w in enumerate(widths)}
    shuffled = {name: layers[name] for name in sorted(layers)}
    assert [int(bias) for _, bias in layers_of({"params": shuffled})] == list(widths)


def test_the_output_scale_keeps_the_first_actions_small() -> None:
    features = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    outputs = []
    for scale in (1.0, 0.01):
        network = Mlp((64,), 8, output_scale=scale)
        parameters = jax.jit(network.init)(jax.random.key(0), features)
        outputs.append(np.asarray(jax.jit(network.apply)(parameters, features)))
    np.testing.assert_allclose(outputs[1], 0.01 * outputs[0], rtol=1e-3, atol=1e-6)
