"""The algorithms by name, with their presets."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from policies.learning.droq import Droq
from policies.learning.droq_config import DroqConfig
from policies.learning.environment import LearningEnvironment, Reward
from policies.learning.learner import Learner
from policies.learning.ppo import Ppo
from policies.learning.ppo_config import PpoConfig
from policies.learning.run_files import TrainingError

Config = PpoConfig | DroqConfig


@dataclass(frozen=True)
class Algorithm:
    """A learner with its preset.

    Attributes:
        config: hyper-parameters.
        make: builds the learner from environments, hyper-parameters and a seed.
        residual: whether actions correct the plan.
        reward: which reward it learns from.
        squash: how the network's output becomes an action.
        n_envs: environments stepped together.
        total_steps: control steps of a whole training.
        exam_every: iterations between exams.
        randomise: width of the randomised physics when nobody says. A plan is all but perfect in
            the simulator that it was made in, so a learner that corrects it has little to learn
            there and much in the simulators around it.
    """

    config: Config
    make: Callable[[LearningEnvironment, Any, int], Learner]
    residual: bool
    reward: Reward
    squash: Literal["clip", "tanh"]
    n_envs: int
    total_steps: int
    exam_every: int
    randomise: float

    def with_steps(self, total_steps: int) -> Algorithm:
        """The same for another number of control steps; schedules stretch or shrink with it."""
        config = replace(self.config, total_steps=total_steps)
        return replace(self, config=config, total_steps=total_steps)

    def with_envs(self, n_envs: int) -> Algorithm:
        """The same for another number of environments; as many iterations, of more steps each."""
        config = replace(self.config, n_envs=n_envs)
        total_steps = self.total_steps * n_envs // self.n_envs
        return replace(self, config=config, n_envs=n_envs).with_steps(total_steps)


def _ppo(config: PpoConfig, residual: bool, reward: Reward, exam_every: int) -> Algorithm:
    return Algorithm(
        config=config,
        make=Ppo,
        residual=residual,
        reward=reward,
        squash="clip",
        n_envs=config.n_envs,
        total_steps=config.total_steps,
        exam_every=exam_every,
        randomise=1.0 if residual else 0.0,
    )


def _droq(config: DroqConfig, residual: bool, reward: Reward, exam_every: int) -> Algorithm:
    return Algorithm(
        config=config,
        make=Droq,
        residual=residual,
        reward=reward,
        squash="tanh",
        n_envs=config.n_envs,
        total_steps=config.total_steps,
        exam_every=exam_every,
        randomise=1.0 if residual else 0.0,
    )


_RESIDUAL_DROQ = DroqConfig(
    n_envs=8,
    horizon=16,
    total_steps=14_976,
    warmup_steps=512,
    warmup_range=0.5,
    update_interval=1,
    capacity=100_000,
    widths=(128, 128),
    learning_rate=1e-3,
    discount=0.8,
    temperature=0.02,
    log_std=-1.5,
    output_scale=0.01,
    pull=0.3,
    normalise=True,
)

ALGORITHMS: dict[str, Algorithm] = {
    "residual-ppo": _ppo(PpoConfig(), residual=True, reward="shaped", exam_every=4),
    "ppo": _ppo(
        PpoConfig(total_steps=5_000_000, learning_rate=3e-4, discount=0.95, output_scale=0.1),
        residual=False,
        reward="published",
        exam_every=10,
    ),
    "residual-droq": _droq(_RESIDUAL_DROQ, residual=True, reward="shaped", exam_every=8),
    "droq": _droq(DroqConfig(), residual=False, reward="published", exam_every=320),
}


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of that name.

    Raises:
        TrainingError: there is none; the message has the nearest names.
    """
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    near = difflib.get_close_matches(name, ALGORITHMS, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(ALGORITHMS)}"
    raise TrainingError(f"unknown algorithm {name!r} ({hint})")
