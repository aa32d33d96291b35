"""Diffusion policy: a chunk of actions denoised from noise (Chi et al. 2023, CNN variant).

A temporal U-Net predicts the noise in 16 actions, conditioned by FiLM on two observations and the
noise level (their section III-A); eight of them are carried out (receding horizon, section II-C).
The squared cosine schedule has 100 levels, of which DDIM visits ten (section III-D). We depart in
narrower channels (64, 128, 256 for 256, 512, 1024), in one dense layer that makes the condition of
both observations smaller before all blocks use it, and in a constant learning rate (theirs warms
up, then falls as a cosine).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from policies.imitation.networks import Array, Arrays, Shapes
from policies.imitation.unet import unet, unet_shapes

LEVELS, VISITED = 100, 10
_OFFSET, _MOST_BETA = 0.008, 0.999


def _kept() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Share of the signal's variance left at each level (Nichol & Dhariwal 2021, equation 17)."""
    curve = np.cos((np.arange(LEVELS + 1) / LEVELS + _OFFSET) / (1 + _OFFSET) * np.pi / 2) ** 2
    betas = np.minimum(1.0 - curve[1:] / curve[:-1], _MOST_BETA)
    return np.cumprod(1.0 - betas).astype(np.float32)


KEPT = _kept()
VISITS = tuple(reversed(range(0, LEVELS, LEVELS // VISITED)))
"""Noise levels that DDIM visits, noisiest first."""


@dataclass(frozen=True)
class DiffusionPolicy:
    """A denoiser of action chunks.

    Attributes:
        channels: of the U-Net, finest time scale first.
        condition: size of what conditions its blocks.
        carried_out: actions of a chunk that are played before the next chunk is made.
    """

    channels: tuple[int, ...] = (64, 128, 256)
    condition: int = 256
    carried_out: int = 8
    learning_rate: float = 1e-4
    weight_decay: float = 1e-6
    batch_size: int = 256
    history: int = 2
    horizon: int = 16

    @property
    def lead(self) -> int:
        """A chunk begins with the action of its first observation."""
        return self.history - 1

    def shapes(self, observation: int, action: int) -> Shapes:
        """Parameters."""
        return unet_shapes(self.history * observation, action, self.channels, self.condition)

    def draw(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """A noise level for each window, and the noise."""
        noise = rng.standard_normal((batch, self.horizon, action), np.float32)
        return {"level": rng.integers(0, LEVELS, batch), "noise": noise}

    def prepare(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Arrays:
        """The draws as they are."""
        return draws

    def loss(
        self, xp: ModuleType, parameters: Arrays, seen: Array, done: Array, draws: Arrays
    ) -> Array:
        """Mean squared error of the predicted noise."""
        kept = xp.asarray(KEPT)[draws["level"]][:, None, None]
        noisy = xp.sqrt(kept) * done + xp.sqrt(1.0 - kept) * draws["noise"]
        guess = unet(xp, parameters, noisy, draws["level"], _flat(seen), channels=self.channels)
        return ((guess - draws["noise"]) ** 2).mean()

    def draw_to_act(self, rng: np.random.Generator, batch: int, action: int) -> Arrays:
        """The noise that a chunk begins as."""
        return {"noise": rng.standard_normal((batch, self.horizon, action), np.float32)}

    def act(self, xp: ModuleType, parameters: Arrays, seen: Array, draws: Arrays) -> Array:
        """Actions from the present one on, shape ``(batch, carried_out, action)``."""
        chunk, condition = draws["noise"], _flat(seen)
        for level, following in zip(VISITS, (*VISITS[1:], None), strict=True):
            levels = xp.full(chunk.shape[:1], level)
            noise = unet(xp, parameters, chunk, levels, condition, channels=self.channels)
            after = 1.0 if following is None else float(KEPT[following])
            chunk = ddim_step(xp, chunk, noise, float(KEPT[level]), after)
        return chunk[:, self.lead : self.lead + self.carried_out]


def ddim_step(xp: ModuleType, noisy: Array, noise: Array, kept: float, after: float) -> Array:
    """One deterministic step (Song et al. 2021, equation 12 with eta 0).

    Args:
        xp: the array library.
        noisy: the chunk now.
        noise: what is taken to be its noise.
        kept: share of the signal's variance in it now.
        after: share in the result; 1 removes all noise.
    """
    clean = xp.clip((noisy - (1.0 - kept) ** 0.5 * noise) / kept**0.5, -1.0, 1.0)
    return after**0.5 * clean + (1.0 - after) ** 0.5 * noise


def _flat(seen: Array) -> Array:
    return seen.reshape(seen.shape[0], -1)
