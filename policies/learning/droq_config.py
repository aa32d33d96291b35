"""Hyper-parameters of DroQ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DroqConfig:
    """Hyper-parameters; the defaults are RP1M's, Table IV, from scratch.

    RP1M leaves two of them open. *Update interval 2*: one update every two control steps, as
    DrQ-v2 counts it (``update_every_steps``). Target entropy: robopianist-rl's, on which RP1M
    builds. Ours: several environments together, so that the policy that plays lags at most
    ``n_envs * horizon`` control steps behind, and the value of an ended song is 0.

    Attributes:
        n_envs: environments stepped together.
        horizon: control steps of each between two rounds of updates.
        total_steps: control steps of a whole training.
        warmup_steps: control steps with random actions before the first update.
        warmup_range: random actions are uniform within plus or minus this.
        update_interval: control steps, all environments together, for each update.
        capacity: control steps that the replay remembers.
        batch: transitions of each update.
        widths: hidden layers of actor and critics.
        critics: how many.
        dropout: of the critics' hidden units.
        learning_rate: of Adam, everywhere.
        discount: per control step.
        soft_update: share of the critics that enters their targets in an update.
        temperature: weight of the entropy, at first.
        log_std: of the exploration, at first.
        output_scale: of the actor's last layer; small keeps the first policy at the plan.
        pull: weight of the mean squared action in the actor's loss; keeps corrections small where
            critics know little, as behaviour cloning does in TD3+BC (Fujimoto and Gu 2021).
        normalise: whether features are normalised, by what the warm-up saw.
    """

    n_envs: int = 8
    horizon: int = 8
    total_steps: int = 3_000_000
    warmup_steps: int = 5_000
    warmup_range: float = 1.0
    update_interval: int = 2
    capacity: int = 1_000_000
    batch: int = 256
    widths: tuple[int, ...] = (256, 256, 256)
    critics: int = 2
    dropout: float = 0.01
    learning_rate: float = 3e-4
    discount: float = 0.88
    soft_update: float = 0.05
    temperature: float = 1.0
    log_std: float = 0.0
    output_scale: float = 1.0
    pull: float = 0.0
    normalise: bool = False
