"""Hyper-parameters of PPO."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PpoConfig:
    """Hyper-parameters; the defaults are for corrections of a plan.

    Attributes:
        n_envs: environments stepped together.
        horizon: control steps of each between updates.
        total_steps: control steps over which the learning rate falls to a tenth.
        learning_rate: of Adam, at first.
        discount: per control step.
        gae_lambda: of generalised advantage estimation.
        clip: range of the probability ratio.
        epochs: passes over each batch.
        minibatches: of each pass.
        widths: hidden layers of actor and critic.
        log_std: of the exploration, at first.
        output_scale: of the actor's last layer; small keeps the first policy at the plan.
    """

    n_envs: int = 256
    horizon: int = 32
    total_steps: int = 600_000
    learning_rate: float = 1e-3
    discount: float = 0.9
    gae_lambda: float = 0.9
    clip: float = 0.2
    epochs: int = 4
    minibatches: int = 8
    widths: tuple[int, ...] = (128, 128)
    log_std: float = -1.2
    output_scale: float = 0.01
