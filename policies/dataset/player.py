"""Who plays the rollouts of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from policies.bundle import is_bundle
from policies.dataset.given import given_file
from policies.errors import DatasetError
from policies.library import load_policy
from policies.planner.pair import PairPlanParameters, Rehearsing, prepare
from policies.policy import Policy
from score import CONTROL_STEP_S, Goals
from sim.pair import PairEnvironment, PairModel, build_pair, load_pair
from sim.pair.playable import PlayablePair, build_playable_pair


class Player(Protocol):
    """Plays one chunk, again and again.

    Attributes:
        start: joint positions to begin at, shape ``(n_joints,)`` [rad, m].
    """

    start: NDArray[np.float64]

    def reset(self, rng: np.random.Generator) -> None:
        """Begin a rollout; whatever is random in it comes from ``rng``."""

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """Servo targets of a control step, shape ``(n_actions,)`` [rad, m, 1].

        Args:
            environment: as it is before the step.
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

    def reset(self, rng: np.random.Generator) -> None:
        """Nothing is random here."""

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """The targets of this control step."""
        return self._targets[step]


class PolicyPlayer:
    """Plays with a plan or a bundle of one chunk, which see what they saw in training."""

    def __init__(self, policy: Policy, model: PairModel) -> None:
        """Take the policy of a chunk on that rig."""
        self._policy, self._model = policy, model
        self.start = model.posture(policy.start[:-1])

    def reset(self, rng: np.random.Generator) -> None:
        """The policy starts afresh when score time goes back; nothing is random in it."""
        self._targets = self._policy.start

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """The policy's answer to the state of the hands."""
        data, pedal = environment.data, float(environment.pedal_down)
        self._targets = self._policy(
            {
                "joint_positions": np.append(self._model.servo_positions(data.qpos), pedal),
                "joint_velocities": np.append(self._model.servo_positions(data.qvel), 0.0),
                "joint_targets": self._targets,
                "keys": environment.sounding,
                "goal": environment.goals.lookahead(step),
                "score_time_s": np.array([step * CONTROL_STEP_S]),
            }
        )
        return self._targets


class PlannerPlayer:
    """Plays as the planner did in its rehearsal: on from where the hands are.

    The rehearsal tries several ways where a key is missed, which takes far too long for every
    rollout. So a chunk is rehearsed once; rollouts play each step in the way that was best then.
    """

    def __init__(
        self, goals: Goals, model: PlayablePair, parameters: PairPlanParameters | None = None
    ) -> None:
        """Think a chunk through and rehearse it; with chords of four, that takes about a minute.

        Raises:
            UnreachableError: the planner cannot play it.
        """
        prepared = prepare(goals, model, parameters or PairPlanParameters())
        self._fresh, self._model = prepared.controllers[0].memory, model.pair
        rehearsal = Rehearsing(goals, model, prepared.controllers)(prepared.start)
        self._controllers = [prepared.controllers[way] for way in rehearsal.ways.tolist()]
        self.start = model.pair.posture(prepared.start[:-1])

    def reset(self, rng: np.random.Generator) -> None:
        """Forget the rollout before; nothing is random here."""
        self._memory = self._fresh

    def act(self, environment: PairEnvironment, step: int) -> NDArray[np.float64]:
        """The controller's answer to the state of the hands, and the pedal as in the score."""
        data, sounding = environment.data, environment.sounding
        positions, speeds = (self._model.servo_positions(q) for q in (data.qpos, data.qvel))
        controller = self._controllers[step]
        controller.memory = self._memory  # of whoever played the step before
        targets = controller(step, positions, speeds, environment.fingertips, sounding)
        self._memory = controller.memory
        return np.append(targets, float(environment.goals.sustain[step]))


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
    return PolicyPlayer(load_policy(str(path), playable, goals), playable.pair)


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
