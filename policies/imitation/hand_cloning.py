"""Behaviour cloning by two networks: each moves one hand, and sees what that hand has to do."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from policies.imitation.bc import BehaviourCloning
from policies.imitation.networks import Array, Arrays, Shapes, mlp, mlp_shapes
from sim.pair.rig import SIDES


@dataclass(frozen=True)
class HandCloning(BehaviourCloning):
    """A network for each half of an observation and of an action.

    What only the other half shows then decides nothing. An odd number of actions is the second
    hand's: it has the pedal.
    """

    history: int = 1

    def shapes(self, observation: int, action: int) -> Shapes:
        """Parameters, those of the right hand first."""
        seen, moved = self.history * observation // 2, (action // 2, action - action // 2)
        return {
            f"{side}.{name}": shape
            for side, size in zip(SIDES, moved, strict=True)
            for name, shape in mlp_shapes(seen, self.widths, size).items()
        }

    def outputs(self, xp: ModuleType, parameters: Arrays, seen: Array) -> Array:
        """An action for every window."""
        answers = [
            mlp(xp, _of(parameters, side), half.reshape(len(seen), 1, -1))
            for side, half in zip(SIDES, xp.split(seen, 2, axis=-1), strict=True)
        ]
        return xp.concatenate(answers, axis=-1)


def _of(parameters: Arrays, side: str) -> Arrays:
    """The parameters of one hand's network, by the names that ``mlp`` knows."""
    start = f"{side}."
    return {n.removeprefix(start): array for n, array in parameters.items() if n.startswith(start)}
