"""Playing with a trained method: NumPy only."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.imitation.bundle import ImitationBundle
from policies.imitation.data import Floats
from policies.imitation.methods import method_named
from sim.pair import flat


class ImitationPlayer:
    """Acts on observations of ``PairEnvironment``, one control step after the other."""

    def __init__(self, bundle: ImitationBundle) -> None:
        self._bundle, self._method = bundle, method_named(bundle.method)
        self._seen: deque[Floats] = deque(maxlen=self._method.history)
        self._ahead: deque[Floats] = deque()
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Before a song; the seed is of what the method draws to act."""
        self._rng = np.random.default_rng(seed)
        self._seen.clear()
        self._ahead.clear()

    def act(self, observation: dict[str, NDArray[np.float64]], step: int) -> NDArray[np.float64]:
        """Servo targets and pedal to hold for a control step, shape ``(action,)`` [rad, m, 1].

        Args:
            observation: of ``PairEnvironment``.
            step: which control step; 0 forgets what was seen before.

        Raises:
            PolicyError: the answer is not finite; the hands must not follow it.
        """
        if step == 0:
            self._seen.clear()
            self._ahead.clear()
        seen = self._bundle.normaliser.observed(flat(observation).astype(np.float32))
        self._seen.append(seen)
        while len(self._seen) < self._method.history:
            self._seen.append(seen)
        if not self._ahead:
            self._ahead.extend(self._chunk())
        action = self._bundle.normaliser.actions(self._ahead.popleft()).astype(float)
        if not np.isfinite(action).all():
            raise PolicyError(f"{self._bundle.method}: its action at step {step} is not finite")
        return action

    def _chunk(self) -> Floats:
        """Normalised actions from now on, shape ``(steps, action)``."""
        draws = self._method.draw_to_act(self._rng, 1, len(self._bundle.action_names))
        chunk: Floats = self._method.act(
            np,  # the array library
            self._bundle.parameters,
            np.stack(self._seen)[None],
            draws,
        )[0]
        return chunk
