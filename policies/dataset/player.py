"""Who plays the rollouts of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from policies.bundle import is_bundle
from policies.dataset.given import given_file
from policies.errors import DatasetError
from policies.library import load_policy
from policies.planner.pair import Hands, PairPlanParameters, prepare
from policies.policy import Policy
from score import CONTROL_STEP_S, Goals
from sim.pair import PairEnvironment, PairModel, build_pair, load_pair
from sim.pair.playable import PlayablePair, build_playable_pair


class Player(Protocol):
    """Plays one chunk, again and again, in several environments side by side.

    Attributes:
        start: joint positions to begin at, shape ``(n_joints,)`` [rad, m].
    """

    start: NDArray[np.float64]

    def reset(self, rngs: Sequence[np.random.Generator]) -> None:
        """Begin rollouts, one for each generator; whatever is random in one comes from its own."""

    def act(self, environments: Sequence[PairEnvironment], step: int) -> NDArray[np.float64]:
        """Servo targets of a control step, shape ``(B, n_actions)`` [rad, m, 1].

        Args:
            environments: as they are before the step, one for each rollout.
            step: control step in the chunk, from 0.
        """


MakePlayer: TypeAlias = Callable[[Goals, str, Path | None], Player]
"""Makes a player for a chunk's goals, a rig by name or file, and what ``--policy`` gives.

Must be a function of a module, since workers are sent it by name.
"""


class OpenLoop:
    """Plays given targets whatever happens."""

    def __init__(self, targets: NDArray[np.float64], start: NDArray[np.float64]) -> None:
        """Take the targets, shape ``(n_steps, n_actions)`` [rad, m, 1], and where to begin."""
        self._targets, self.start = targets, start

    def reset(self, rngs: Sequence[np.random.Generator]) -> None:
        """Nothing is random here."""

    def act(self, environments: Sequence[PairEnvironment], step: int) -> NDArray[np.float64]:
        """The targets of this control step."""
        return np.tile(self._targets[step], (len(environments), 1))


class PolicyPlayer:
    """Plays with plans or bundles of one chunk, which see what they saw in training."""

    def __init__(self, load: Callable[[], Policy], model: PairModel) -> None:
        """Take what loads the policy of a chunk on that rig: each environment has its own."""
        self._load, self._model = load, model
        self._policies = [load()]
        self.start = model.posture(self._policies[0].start[:-1])

    def reset(self, rngs: Sequence[np.random.Generator]) -> None:
        """Policies start afresh when score time goes back; nothing is random in them."""
        missing = len(rngs) - len(self._policies)
        self._policies += [self._load() for _ in range(missing)]
        self._targets = np.tile(self._policies[0].start, (len(rngs), 1))

    def act(self, environments: Sequence[PairEnvironment], step: int) -> NDArray[np.float64]:
        """The policies' answers to the states of the hands."""
        for row, (policy, environment) in enumerate(
            zip(self._policies, environments, strict=False)
        ):
            self._targets[row] = policy(self._observation(environment, step, row))
        return self._targets.copy()

    def _observation(
        self, environment: PairEnvironment, step: int, row: int
    ) -> dict[str, NDArray[Any]]:
        data, pedal = environment.data, float(environment.pedal_down)
        return {
            "joint_positions": np.append(self._model.servo_positions(data.qpos), pedal),
            "joint_velocities": np.append(self._model.servo_positions(data.qvel), 0.0),
            "joint_targets": self._targets[row].copy(),
            "keys": environment.sounding,
            "goal": environment.goals.lookahead(step),
            "score_time_s": np.array([step * CONTROL_STEP_S]),
        }


class PlannerPlayer:
    """Plays as the planner does in a rehearsal: on from where the hands are.

    In one way: a rehearsal tries several where a key is missed, which takes far too long here.
    """

    def __init__(self, goals: Goals, model: PlayablePair) -> None:
        """Think a chunk through; with chords of four, that takes some ten seconds.

        Raises:
            UnreachableError: the planner cannot play it.
        """
        prepared = prepare(goals, model, replace(PairPlanParameters(), ways=1))
        (self._controller,), self._model = prepared.controllers, model.pair
        self.start = model.pair.posture(prepared.start[:-1])

    def reset(self, rngs: Sequence[np.random.Generator]) -> None:
        """Forget the rollouts before; nothing is random here."""
        self._memory = self._controller.begin(len(rngs))

    def act(self, environments: Sequence[PairEnvironment], step: int) -> NDArray[np.float64]:
        """The controller's answers to the states of the hands, and the pedal as in the score."""
        servos = self._model.servo_positions
        hands = Hands(
            np.array([servos(environment.data.qpos) for environment in environments]),
            np.array([servos(environment.data.qvel) for environment in environments]),
            np.array([environment.fingertips for environment in environments]),
            np.array([environment.sounding for environment in environments]),
        )
        targets, self._memory = self._controller(step, hands, self._memory)
        pedal = [float(environment.goals.sustain[step]) for environment in environments]
        return np.column_stack([targets, pedal])


def choose_player(goals: Goals, rig: str, given: Path | None) -> Player:
    """Whoever plays a chunk: the planner, or what ``--policy`` gives.

    Args:
        goals: of the chunk.
        rig: name or file of a rig of two hands.
        given: a policy bundle or recorded targets, ``.npz``, or a folder with one such file for
            each chunk, named as it; None for the planner.

    Raises:
        DatasetError: there is no such file, or it does not fit the chunk and the rig.
        BundleError: a bundle that is damaged, or of another song or rig.
        UnreachableError: the planner cannot play the chunk.
        RigError: no such rig.
    """
    pair_rig = load_pair(rig)
    playable = build_playable_pair(pair_rig)
    if given is None:
        return PlannerPlayer(goals, playable)
    path = given_file(given, goals.name)
    if not is_bundle(path):
        return open_loop(goals, rig, given)
    return PolicyPlayer(partial(load_policy, str(path), playable, goals), playable.pair)


def open_loop(goals: Goals, rig: str, given: Path) -> OpenLoop:
    """A player of recorded targets.

    Args:
        goals: of the chunk.
        rig: name or file of a rig of two hands.
        given: an ``.npz`` with ``targets``, shape ``(n_steps, n_actions)``, or a folder with one
            such file for each chunk, named as it.

    Raises:
        DatasetError: there is no such file, or its targets do not fit the chunk and the rig.
        RigError: no such rig.
    """
    path = given_file(given, goals.name)
    targets = _read_targets(path)
    model = build_pair(load_pair(rig))
    wanted = goals.n_steps, len(model.action_names)
    if targets.shape != wanted:
        raise DatasetError(f"{path}: targets of shape {targets.shape}, {goals.name} has {wanted}")
    if not np.isfinite(targets).all():
        raise DatasetError(f"{path}: its targets are not all finite: record them again")
    return OpenLoop(targets, np.zeros(len(model.joint_names)))


def _read_targets(path: Path) -> NDArray[np.float64]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file["targets"], np.float64)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise DatasetError(f"{path}: not an .npz file with 'targets': record it again") from error
