"""Critics with dropout and layer norm, and the squashed Gaussian that they judge."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from policies.learning.networks import Mlp, Parameters

LOG_STD_LOW, LOG_STD_HIGH = -20.0, 2.0
_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))


class Critic(nn.Module):
    """Value of an action (Hiraoka et al. 2022, Fig. 1): dense, dropout, layer norm, GELU."""

    widths: tuple[int, ...]
    dropout: float

    @nn.compact
    def __call__(
        self, features: jax.Array, actions: jax.Array, seed: jax.Array | None = None
    ) -> jax.Array:
        """Values of shape ``(...,)``; units drop out if there is a ``seed`` (uint32) for it."""
        x = _First(self.widths[0])(features, actions)
        for layer, width in enumerate(self.widths):
            if layer > 0:
                x = nn.Dense(width, kernel_init=nn.initializers.xavier_uniform())(x)
            if seed is not None and self.dropout > 0.0:
                x = drop(x, self.dropout, seed + jnp.uint32(layer * 0x51ED270B))
            x = nn.gelu(nn.LayerNorm()(x))
        return nn.Dense(1, kernel_init=nn.initializers.xavier_uniform())(x)[..., 0]


class _First(nn.Module):
    """A dense layer on features beside actions.

    Two products instead of one on both together: the policy's gradient then needs no product
    with the features' share of the kernel.
    """

    width: int

    @nn.compact
    def __call__(self, features: jax.Array, actions: jax.Array) -> jax.Array:
        size = features.shape[-1]
        shape = (size + actions.shape[-1], self.width)
        kernel = self.param("kernel", nn.initializers.xavier_uniform(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.width,))
        return features @ kernel[:size] + actions @ kernel[size:] + bias


def drop(x: jax.Array, rate: float, seed: jax.Array) -> jax.Array:
    """Dropout (Srivastava et al. 2014) with a hash of position and seed as its random bits.

    The hash is *lowbias32* (C. Wellons, nullprogram.com/blog/2018/07/31, public domain). JAX's
    generator takes sixteen times as long for bits this short-lived, a sixth of a whole update.
    """
    bits = jax.lax.iota(jnp.uint32, x.size) + _mixed(seed)
    kept = _mixed(bits) >= jnp.uint32(round(rate * 2**32))
    return jnp.where(kept.reshape(x.shape), x / (1.0 - rate), 0.0)


def _mixed(x: jax.Array) -> jax.Array:
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def squashed(mean: jax.Array, log_std: jax.Array, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
    """An action ``tanh(mean + std * noise)`` and its log density over (-1, 1).

    Haarnoja et al. 2018, appendix C; log(1 - tanh(u)^2) as 2 (log 2 - u - softplus(-2 u)), which
    does not run out of digits.
    """
    u = mean + jnp.exp(log_std) * noise
    gaussian = -0.5 * noise**2 - log_std - _HALF_LOG_2PI
    stretch = 2.0 * (jnp.log(2.0) - u - jax.nn.softplus(-2.0 * u))
    return jnp.tanh(u), (gaussian - stretch).sum(axis=-1)


class Actor:
    """A squashed Gaussian policy: mean and log standard deviation from one network."""

    def __init__(self, widths: tuple[int, ...], action_size: int, output_scale: float) -> None:
        self._size = action_size
        self._network = Mlp(widths, 2 * action_size, output_scale)

    def initial(self, key: jax.Array, features: Any, log_std: float) -> Parameters:  # noqa: ANN401
        """Fresh parameters, exploring with about ``exp(log_std)``."""
        parameters: Any = self._network.init(key, features)
        last = parameters["params"][f"Dense_{len(self._network.widths)}"]
        last["bias"] = last["bias"].at[self._size :].set(log_std)
        return parameters

    def __call__(self, parameters: Parameters, features: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Mean and log standard deviation before squashing, each ``(..., action_size)``."""
        outputs = jnp.asarray(self._network.apply(parameters, features))
        mean, log_std = outputs[..., : self._size], outputs[..., self._size :]
        return mean, jnp.clip(log_std, LOG_STD_LOW, LOG_STD_HIGH)
