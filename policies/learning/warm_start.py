"""Beginning a training where another one of the same song ended."""

from __future__ import annotations

import jax.numpy as jnp

from policies.bundle import Bundle, feature_sizes
from policies.features import Part
from policies.learning.learner import Learner
from policies.learning.networks import Layers, Normaliser, Parameters, layers_of
from policies.learning.ppo_learner import PpoLearner
from policies.learning.run_files import TrainingError


def begin_from(learner: Learner, bundle: Bundle, part: Part) -> None:
    """Give a fresh PPO learner a bundle's actor and normaliser; its critic begins anew.

    The bundle may correct another plan of the song: features and actions are relative to it.

    Args:
        learner: a fresh one.
        bundle: where to begin.
        part: of the song that is learned.

    Raises:
        TrainingError: another algorithm, or a bundle with other features, actions or layers.
    """
    if not isinstance(learner, PpoLearner):
        raise TrainingError("only residual-ppo and ppo begin from a bundle: leave the bundle out")
    if bundle.squash != learner.squash or bundle.residual != learner.env.actions.residual:
        raise TrainingError(f"the bundle of {bundle.song!r} acts differently: leave it out")
    if bundle.feature_blocks != feature_sizes(part):
        raise TrainingError(f"the bundle of {bundle.song!r} sees other features: leave it out")
    actor = learner.state.parameters["actor"]
    if _shapes(bundle.layers) != _shapes(layers_of(actor)):
        raise TrainingError(f"the bundle of {bundle.song!r} has other layers: leave it out")
    normaliser = Normaliser(jnp.asarray(bundle.mean), jnp.asarray(bundle.std))
    parameters = learner.state.parameters | {"actor": _parameters(bundle.layers)}
    learner.state = learner.state._replace(parameters=parameters, normaliser=normaliser)


def _shapes(layers: Layers) -> list[tuple[int, ...]]:
    return [kernel.shape for kernel, _ in layers]


def _parameters(layers: Layers) -> Parameters:
    """The inverse of ``layers_of``."""
    dense = {
        f"Dense_{i}": {"kernel": jnp.asarray(kernel), "bias": jnp.asarray(bias)}
        for i, (kernel, bias) in enumerate(layers)
    }
    return {"params": dense}
