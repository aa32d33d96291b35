"""Small networks and their way into a policy bundle."""

from __future__ import annotations

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

Parameters = Any
Samples = NDArray[np.float32] | jax.Array
Layers = tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

CLIP = 8.0
"""Normalised features are cut off here."""


class Normaliser(NamedTuple):
    """Mean and standard deviation of each feature, shape ``(size,)``."""

    mean: jax.Array
    std: jax.Array

    @classmethod
    def fitted(cls, features: Samples) -> Normaliser:
        """From samples of shape ``(samples, size)``; a floor keeps rare features small."""
        return cls(jnp.asarray(features.mean(axis=0)), jnp.asarray(features.std(axis=0) + 0.05))

    def __call__(self, features: jax.Array) -> jax.Array:
        """Normalised features."""
        return jnp.clip((features - self.mean) / self.std, -CLIP, CLIP)


class Mlp(nn.Module):
    """Dense layers with GELU (tanh approximation) between; the last may start near zero."""

    widths: tuple[int, ...]
    outputs: int
    output_scale: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Map ``(..., features)`` to ``(..., outputs)``."""
        for width in self.widths:
            x = nn.gelu(nn.Dense(width, kernel_init=nn.initializers.lecun_normal())(x))
        scale = nn.initializers.variance_scaling(self.output_scale**2, "fan_in", "truncated_normal")
        return nn.Dense(self.outputs, kernel_init=scale)(x)


def layers_of(parameters: Parameters) -> Layers:
    """Kernels and biases of an ``Mlp``, first layer first."""
    layers = parameters["params"]
    names = sorted(layers, key=lambda name: int(name.rsplit("_", 1)[1]))
    return tuple(
        (np.asarray(layers[name]["kernel"]), np.asarray(layers[name]["bias"])) for name in names
    )
