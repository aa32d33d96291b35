"""The temporal U-Net of the diffusion policy (Chi et al. 2023, section III-A; Janner et al. 2022).

Residual blocks of two convolutions with group normalisation and Mish; between them FiLM (Perez et
al. 2018) scales and shifts each channel. Every coarser level halves time by leaving out steps.
"""

from __future__ import annotations

from types import ModuleType

from policies.imitation.networks import (
    KERNEL,
    Array,
    Arrays,
    Shapes,
    convolution,
    dense,
    dense_shapes,
    group_norm,
    mish,
)

EMBEDDING = 64
"""Size of a noise level's sinusoidal embedding."""


def unet_shapes(
    condition_inputs: int, action: int, channels: tuple[int, ...], condition: int
) -> Shapes:
    """Parameters of a ``unet``."""
    shapes = dense_shapes("condition", condition_inputs + EMBEDDING, condition)
    inputs = action
    for index, width in enumerate(channels):
        shapes |= _block_shapes(f"down_{index}", inputs, width, condition)
        inputs = width
    for index in reversed(range(len(channels) - 1)):
        width = channels[index]
        shapes |= _block_shapes(f"up_{index}", inputs + width, width, condition)
        inputs = width
    return shapes | dense_shapes("head", inputs, action)


def unet(
    xp: ModuleType,
    parameters: Arrays,
    chunk: Array,
    levels: Array,
    observations: Array,
    *,
    channels: tuple[int, ...],
) -> Array:
    """The noise in a chunk.

    Args:
        xp: the array library.
        parameters: as ``unet_shapes`` names them.
        chunk: shape ``(batch, time, action)``; time divides by 2 for each coarser level.
        levels: noise levels, shape ``(batch,)``.
        observations: shape ``(batch, condition_inputs)``.
        channels: as in ``unet_shapes``.
    """
    inputs = xp.concatenate([observations, _embedded(xp, levels, chunk.dtype)], axis=-1)
    condition = mish(xp, dense(parameters, "condition", inputs))
    x, passed, last = chunk, [], len(channels) - 1
    for index in range(len(channels)):
        x = _block(xp, parameters, f"down_{index}", x, condition)
        if index < last:
            passed.append(x)
            x = x[:, ::2]
    for index in reversed(range(last)):
        x = xp.concatenate([xp.repeat(x, 2, axis=1), passed[index]], axis=-1)
        x = _block(xp, parameters, f"up_{index}", x, condition)
    return dense(parameters, "head", x)


def _block_shapes(name: str, inputs: int, width: int, condition: int) -> Shapes:
    shapes = dense_shapes(f"{name}.first", KERNEL * inputs, width)
    shapes |= dense_shapes(f"{name}.second", KERNEL * width, width)
    for norm in ("first_norm", "second_norm"):
        shapes |= {f"{name}.{norm}.scale": (width,), f"{name}.{norm}.bias": (width,)}
    shapes |= dense_shapes(f"{name}.film", condition, 2 * width)
    return shapes | dense_shapes(f"{name}.across", inputs, width)


def _block(xp: ModuleType, parameters: Arrays, name: str, x: Array, condition: Array) -> Array:
    hidden = convolution(xp, parameters, f"{name}.first", x)
    hidden = mish(xp, group_norm(xp, parameters, f"{name}.first_norm", hidden))
    film = dense(parameters, f"{name}.film", condition)[:, None]
    scale, shift = xp.split(film, 2, axis=-1)
    hidden = hidden * (1.0 + scale) + shift
    hidden = convolution(xp, parameters, f"{name}.second", hidden)
    hidden = mish(xp, group_norm(xp, parameters, f"{name}.second_norm", hidden))
    return hidden + dense(parameters, f"{name}.across", x)


def _embedded(xp: ModuleType, levels: Array, dtype: object) -> Array:
    rates = xp.exp(xp.arange(EMBEDDING // 2) * (-9.21 / (EMBEDDING // 2 - 1)))  # 1 to 1e-4
    angles = levels[:, None] * rates
    return xp.concatenate([xp.sin(angles), xp.cos(angles)], axis=-1).astype(dtype)
