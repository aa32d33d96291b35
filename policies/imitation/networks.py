"""Networks as formulas over a dictionary of arrays, for NumPy and JAX alike.

Every function takes the array library as ``xp``: training passes ``jax.numpy``, playing ``numpy``.
What is played is thus what was trained, without a second copy of any layer. All parameters have one
or two axes, which is what a bundle can hold.
"""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""Of NumPy or JAX."""

Arrays: TypeAlias = dict[str, Array]
Shapes: TypeAlias = dict[str, tuple[int, ...]]

GROUPS = 8
KERNEL = 5
_EPSILON = 1e-5


def initial(shapes: Shapes, rng: np.random.Generator) -> Arrays:
    """Random parameters: kernels LeCun normal, ``scale`` one, the rest zero."""
    return {name: _drawn(name, shape, rng) for name, shape in shapes.items()}


def _drawn(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if len(shape) == 2:
        return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
    return np.full(shape, 1.0 if name.endswith("scale") else 0.0, np.float32)


def dense_shapes(name: str, inputs: int, outputs: int) -> Shapes:
    """Kernel and bias of a dense layer."""
    return {f"{name}.kernel": (inputs, outputs), f"{name}.bias": (outputs,)}


def dense(parameters: Arrays, name: str, x: Array) -> Array:
    """``x`` of shape ``(..., inputs)`` to ``(..., outputs)``."""
    return x @ parameters[f"{name}.kernel"] + parameters[f"{name}.bias"]


def mlp_shapes(inputs: int, widths: tuple[int, ...], outputs: int) -> Shapes:
    """Parameters of an ``mlp``."""
    sizes = (inputs, *widths, outputs)
    shapes: Shapes = {}
    for index, pair in enumerate(pairwise(sizes)):
        shapes |= dense_shapes(f"dense_{index}", *pair)
    return shapes


def mlp(xp: ModuleType, parameters: Arrays, x: Array) -> Array:
    """Dense layers with ReLU between."""
    last = len(parameters) // 2 - 1
    for index in range(last):
        x = xp.maximum(dense(parameters, f"dense_{index}", x), 0.0)
    return dense(parameters, f"dense_{last}", x)


def sigmoid(xp: ModuleType, x: Array) -> Array:
    """The logistic function, without overflow."""
    return 0.5 * (xp.tanh(0.5 * x) + 1.0)


def mish(xp: ModuleType, x: Array) -> Array:
    """``x tanh(log(1 + e^x))`` (Misra 2019)."""
    return x * xp.tanh(xp.logaddexp(x, xp.zeros_like(x)))


def lstm_shapes(name: str, inputs: int, width: int) -> Shapes:
    """Parameters of an ``lstm``."""
    return dense_shapes(name, inputs + width, 4 * width)


def lstm(xp: ModuleType, parameters: Arrays, name: str, x: Array) -> Array:
    """Outputs of an LSTM from rest, ``(batch, time, inputs)`` to ``(batch, time, width)``."""
    width = parameters[f"{name}.bias"].shape[0] // 4
    hidden = cell = xp.zeros((x.shape[0], width), x.dtype)
    outputs = []
    for step in range(x.shape[1]):
        gates = dense(parameters, name, xp.concatenate([x[:, step], hidden], axis=-1))
        keep, write, show, new = xp.split(gates, 4, axis=-1)
        keep = sigmoid(xp, keep + 1.0)  # remembers at first (Jozefowicz et al. 2015)
        cell = keep * cell + sigmoid(xp, write) * xp.tanh(new)
        hidden = sigmoid(xp, show) * xp.tanh(cell)
        outputs.append(hidden)
    return xp.stack(outputs, axis=1)


def convolution(xp: ModuleType, parameters: Arrays, name: str, x: Array) -> Array:
    """``KERNEL`` taps over time, zeros beyond the ends; ``(batch, time, channels)``."""
    reach, steps = KERNEL // 2, x.shape[1]
    padded = xp.pad(x, ((0, 0), (reach, reach), (0, 0)))
    taps = [padded[:, tap : tap + steps] for tap in range(KERNEL)]
    return dense(parameters, name, xp.concatenate(taps, axis=-1))


def group_norm(xp: ModuleType, parameters: Arrays, name: str, x: Array) -> Array:
    """Group normalisation (Wu & He 2018) over time and ``GROUPS`` groups of channels."""
    batch, steps, channels = x.shape
    grouped = x.reshape(batch, steps, GROUPS, channels // GROUPS)
    mean = grouped.mean(axis=(1, 3), keepdims=True)
    variance = ((grouped - mean) ** 2).mean(axis=(1, 3), keepdims=True)
    flat = ((grouped - mean) / xp.sqrt(variance + _EPSILON)).reshape(x.shape)
    return flat * parameters[f"{name}.scale"] + parameters[f"{name}.bias"]
