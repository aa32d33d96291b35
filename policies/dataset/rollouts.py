"""One rollout: a chunk played with a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from policies.dataset.player import MakePlayer, Player
from policies.errors import UnplayableError
from score import CONTROL_STEP_S, DaCapoError, Goals, frame_scores
from sim.pair import PairEnvironment, PairModel, build_pair, load_pair
from sim.pair.environment import Observation

Floats = NDArray[np.float64]

NOISE_TIME_S = 0.25
"""How long noise remembers itself: the time constant of an Ornstein-Uhlenbeck process [s]."""

SLIDE_SPAN_M = 0.1
"""What counts as the range of a forearm's slide, at most: a hand's width, not the piano's [m]."""


@dataclass(frozen=True)
class Order:
    """All that rollouts of a chunk depend on, but their index.

    Attributes:
        goals: of the chunk; told apart by ``digest``.
        digest: of the goals.
        rig: name or file of a rig of two hands.
        given: what ``--policy`` gives.
        make_player: who plays.
        noise: most noise on targets and start, a standard deviation as a fraction of the ranges.
        seed: of the dataset.
    """

    goals: Goals = field(compare=False)
    digest: str
    rig: str
    given: Path | None
    make_player: MakePlayer
    noise: float
    seed: int


@dataclass(frozen=True, eq=False)
class Rollout:
    """What is kept of a rollout.

    Attributes:
        arrays: float32 by name, of shape ``(n_steps, ...)``; ``chunk_store.ARRAYS`` lists them.
        f1: frame F1.
    """

    arrays: dict[str, NDArray[np.float32]]
    f1: float


def play(order: Order, index: int) -> Rollout:
    """Play one rollout; the same order and index, the same rollout.

    Its amount of noise is drawn, too, evenly from none to ``order.noise``.

    Raises:
        UnplayableError: there is no player for the chunk, its targets do not fit the rig, or the
            simulator warned.
    """
    try:
        model, player = _stage(order)
    except DaCapoError as error:
        raise UnplayableError(f"{order.goals.name}: {error}") from error
    rng = np.random.default_rng(rollout_seed(order.seed, order.digest, index))
    amount = order.noise * rng.random()
    start = _near(player.start, model, amount, rng)
    environment = PairEnvironment(model, order.goals, start)
    player.reset(rng)
    rollout = _record(environment, player, smooth_noise(model, order.goals.n_steps, amount, rng))
    _require_sound(environment, index)
    return rollout


def rollout_seed(seed: int, digest: str, index: int) -> np.random.SeedSequence:
    """The seed of a rollout: of the dataset's seed, what is due, and which rollout it is."""
    return np.random.SeedSequence([seed, int(digest, 16), index])


@lru_cache(maxsize=1)  # a worker plays one chunk after the other
def _stage(order: Order) -> tuple[PairModel, Player]:
    model = build_pair(load_pair(order.rig))
    return model, order.make_player(order.goals, order.rig, order.given)


def action_spans(model: PairModel) -> Floats:
    """What noise is a fraction of, shape ``(n_actions,)`` [rad, m]; 0 for the pedal."""
    spans = model.action_high - model.action_low
    slides = np.array(["forearm" in name for name in model.action_names])
    spans[slides] = np.minimum(spans[slides], SLIDE_SPAN_M)
    spans[-1] = 0.0
    return spans


def smooth_noise(model: PairModel, n_steps: int, noise: float, rng: np.random.Generator) -> Floats:
    """Ornstein-Uhlenbeck noise of the servos, shape ``(n_steps, n_actions)`` [rad, m, 1]."""
    kept = np.exp(-CONTROL_STEP_S / NOISE_TIME_S)
    drawn = rng.standard_normal((n_steps, len(model.action_names)))
    drawn[1:] *= np.sqrt(1.0 - kept**2)  # the first row is of the steady state, like all others
    for step in range(1, n_steps):
        drawn[step] += kept * drawn[step - 1]
    return noise * action_spans(model) * drawn


def _near(posture: Floats, model: PairModel, noise: float, rng: np.random.Generator) -> Floats:
    """Joint positions around a posture, shape ``(n_joints,)`` [rad, m]."""
    low, high = model.mj.jnt_range[[model.mj.joint(name).id for name in model.joint_names]].T
    slides = np.array(["forearm" in name for name in model.joint_names])
    spans = np.where(slides, np.minimum(high - low, SLIDE_SPAN_M), high - low)
    drawn = posture + noise * spans * rng.standard_normal(len(spans))
    return np.clip(drawn, np.minimum(low, posture), np.maximum(high, posture))


def _record(environment: PairEnvironment, player: Player, noise: Floats) -> Rollout:
    goals, model = environment.goals, environment.model
    observation, rows = environment.reset().observation, []
    sounding = np.zeros_like(goals.keys)
    for step in range(goals.n_steps):
        targets = np.asarray(player.act(environment, step), np.float64)
        if targets.shape != noise[step].shape or not np.isfinite(targets).all():
            raise UnplayableError(
                f"{goals.name}: the player's targets of step {step} make no sense: correct it"
            )
        wanted, action = (
            np.clip(asked, model.action_low, model.action_high)
            for asked in (targets, targets + noise[step])
        )
        rows.append(_row(observation, goals, step) | {"actions": action, "wanted_actions": wanted})
        observation = environment.step(action).observation
        sounding[step] = environment.sounding
    arrays = {name: np.array([row[name] for row in rows], np.float32) for name in rows[0]}
    arrays["keys_sounding"] = sounding.astype(np.float32)
    return Rollout(arrays, frame_scores(goals.keys, sounding).f1)


def _require_sound(environment: PairEnvironment, index: int) -> None:
    """MuJoCo starts over from its first state after bad numbers, and only counts a warning."""
    warned = np.flatnonzero(environment.data.warning.number)
    if len(warned):
        raise UnplayableError(
            f"{environment.goals.name}, rollout {index}: MuJoCo warned "
            f"({mujoco.mjtWarning(int(warned[0])).name}): give another player or less --noise"
        )


def _row(observation: Observation, goals: Goals, step: int) -> dict[str, Floats]:
    """What was seen and due; copies, since observations may show the simulator's own memory."""
    return {
        "goals": np.append(goals.keys[step], goals.sustain[step]).astype(np.float64),
        "piano_states": np.append(observation["keys"], observation["sustain"]),
        "hand_joints": observation["joints"].copy(),
        "hand_fingertips": observation["fingertips"].ravel().copy(),
    }
