"""Behaviour cloning: regression from the observation to the action, in one step.

RP1M names three sizes (256, 1024, 4096) of this baseline; we read them as the width of two hidden
layers. Two observations, since one does not tell how fast the hands are. Actions are cut off at the
ends of [-1, 1], which a quadratic loss does not know of.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from policies.imitation.networks import Array, Arrays, Shapes, mlp, mlp_shapes
from policies.imitation.regression import Regression


@dataclass(frozen=True)
class BehaviourCloning(Regression):
    """A multilayer perceptron with a quadratic loss.

    Attributes:
        widths: of the hidden layers.
    """

    widths: tuple[int, ...] = (256, 256)
    learning_rate: float = 1e-3
    weight_decay: float = 1e-6
    batch_size: int = 1024
    history: int = 2
    horizon: int = 1
    lead: int = 0

    def shapes(self, observation: int, action: int) -> Shapes:
        """Parameters."""
        return mlp_shapes(self.history * observation, self.widths, action)

    def outputs(self, xp: ModuleType, parameters: Arrays, seen: Array) -> Array:
        """An action for every window."""
        return mlp(xp, parameters, seen.reshape(len(seen), 1, -1))
