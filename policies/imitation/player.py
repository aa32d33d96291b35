"""Playing with a trained method: NumPy only."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.imitation.bundle import ImitationBundle
from policies.imitation.data import Floats
from policies.imitation.methods import method_named, sight_of
from sim.pair import PairEnvironment, PairModel, flat


class ImitationPlayer:
    """Acts on what ``PairEnvironment`` lets it observe, one control step after the other."""

    def __init__(self, bundle: ImitationBundle, model: PairModel) -> None:
        """Take a policy and the rig that it was made for."""
        self._bundle, self._model = bundle, model
        self._method = method_named(bundle.method)
        self._sight = sight_of(bundle.method, model)
        sizes = model.n_keys + 1, 3 * len(model.fingertip_sites), len(model.joint_names)
        self._n_states = sum(sizes)
        self._seen: deque[Floats] = deque(maxlen=self._method.history)
        self._ahead: deque[Floats] = deque()

    def reset(self, rng: np.random.Generator) -> None:
        """Before a song; what the method draws to act comes from ``rng``."""
        self._rng = rng
        self._seen.clear()
        self._ahead.clear()

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """Servo targets and pedal to hold for a control step, shape ``(action,)`` [rad, m, 1].

        Args:
            environment: as it is before the step.
            step: which control step.

        Raises:
            PolicyError: the answer is not finite; the hands must not follow it.
        """
        observation = flat(environment.observation()).astype(np.float32)
        goals, states = observation[: -self._n_states], observation[-self._n_states :]
        matched = self._sight.match(goals, states)
        seen = self._bundle.normaliser.observed(self._sight.see(goals, states, matched))
        self._seen.append(seen)
        while len(self._seen) < self._method.history:
            self._seen.append(seen)
        if not self._ahead:
            origin = self._sight.origin(states)
            self._ahead.extend(self._bundle.normaliser.actions(self._chunk()) + origin)
        action = self._ahead.popleft().astype(float)
        if not np.isfinite(action).all():
            raise PolicyError(f"{self._bundle.method}: its action at step {step} is not finite")
        return np.clip(action, self._model.action_low, self._model.action_high)

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
