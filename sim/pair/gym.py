"""The two hands as Gymnasium environments; importing this module registers them.

``gymnasium.make("dacapo/ShadowPair88-v0", song="twinkle_twinkle_little_star")``
"""

from __future__ import annotations

from os import PathLike
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from score.robopianist import load_goals
from sim.errors import SimError
from sim.pair.environment import PairEnvironment, flat
from sim.pair.model import build_pair
from sim.pair.rig import load_pair

IDS = {
    "ShadowPair88-v0": "shadow_pair_88",
    "ShadowPair88FourFingers-v0": "shadow_pair_88_four_fingers",
}
"""Names of the environments within ``dacapo/``, and their rigs."""


class PairGymEnv(gymnasium.Env[NDArray[np.float64], NDArray[np.float64]]):
    """``PairEnvironment`` with vectors: RP1M's observation, actions in [-1, 1].

    An action of -1 is the low end of a servo's range and 1 its high end; the pedal is down from 0
    up. Nothing is random. An episode is truncated at the end of the song. ``info`` has the terms of
    the reward, and which keys sound.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  # Gymnasium's own way

    def __init__(
        self,
        song: str | PathLike[str],
        rig: str = "shadow_pair_88",
        *,
        stretch: float = 1.0,
        shift: int = 0,
        trim: bool = True,
    ) -> None:
        """Put a song on a rig.

        Args:
            song: library song or MIDI file, read by RoboPianist's rules.
            rig: name or file of a rig of two hands.
            stretch: factor of all times; RP1M slows Twinkle to 1.25.
            shift: semitones up.
            trim: whether silence at both ends is cut off.

        Raises:
            ScoreError: no such song, or none that 88 keys can play.
            RigError: no such rig.
        """
        goals = load_goals(song, stretch=stretch, shift=shift, trim=trim)
        self.environment = PairEnvironment(build_pair(load_pair(rig)), goals)
        model = self.environment.model
        self._low, self._span = model.action_low, model.action_high - model.action_low
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, self._low.shape, np.float64)
        size = flat(self.environment.reset().observation).size
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Start the song; there is nothing to seed and there are no options."""
        super().reset(seed=seed)
        return flat(self.environment.reset().observation), {}

    def step(
        self, action: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Hold servo targets for a control step of 0.05 s.

        Raises:
            SimError: the song is over, or an action is not finite.
        """
        environment = self.environment
        if not np.isfinite(action).all():
            raise SimError("an action holds a number that is not finite")
        targets = self._low + 0.5 * (np.clip(action, -1.0, 1.0) + 1.0) * self._span
        step = environment.step(targets)
        if step.first():
            raise SimError("the song was over: call reset before the next step")
        info = {"reward_terms": environment.reward_terms, "sounding": environment.sounding}
        return flat(step.observation), float(step.reward), False, step.last(), info


for _name, _rig in IDS.items():
    gymnasium.register(f"dacapo/{_name}", f"{__name__}:PairGymEnv", kwargs={"rig": _rig})
