"""Rollouts: a chunk played again and again, each time with a seed of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.dataset.player import MakePlayer, Player
from policies.errors import UnplayableError
from score import CONTROL_STEP_S, DaCapoError, Goals, frame_scores
from sim.pair import PairEnvironment, PairModel, build_pair, load_pair
from sim.pair.environment import Observation

Floats = NDArray[np.float64]
Row = dict[str, NDArray[Any]]
"""Arrays of one control step by name."""

NOISE_TIME_S = 0.25
"""How long noise remembers itself: the time constant of an Ornstein-Uhlenbeck process [s]."""

SLIDE_SPAN_M = 0.1
"""What counts as the range of a forearm's slide, at most: a hand's width, not the piano's [m]."""


BATCH = 10
"""Rollouts that are played side by side, so that a player thinks for all of them at once.

Always the same ones, for sums over several may round otherwise than over one.
"""

ATTEMPTS = 3
"""How often a rollout is drawn anew in which the simulator warns."""


@dataclass(frozen=True)
class Order:
    """All that rollouts of a chunk depend on, but which of them it is.

    Attributes:
        goals: of the chunk; told apart by ``digest``.
        digest: of the goals.
        rig: name or file of a rig of two hands.
        given: what ``--policy`` gives.
        make_player: who plays.
        rollouts: how many there are.
        noise: most noise on targets and start, a standard deviation as a fraction of the ranges.
        seed: of the dataset.
    """

    goals: Goals = field(compare=False)
    digest: str
    rig: str
    given: Path | None
    make_player: MakePlayer
    rollouts: int
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


def play(order: Order, batch: int) -> dict[int, Rollout]:
    """Play a batch of rollouts, by index; the same order and batch, the same rollouts.

    The amount of noise of each is drawn, too, evenly from none to ``order.noise``. One in which the
    simulator warns is drawn anew.

    Raises:
        UnplayableError: there is no player for the chunk, its targets do not fit the rig, or the
            simulator warned in all attempts at a rollout.
    """
    played: dict[int, Rollout] = {}
    indices = range(batch * BATCH, min((batch + 1) * BATCH, order.rollouts))
    for attempt in range(ATTEMPTS):
        missing = [index for index in indices if index not in played]
        if missing:
            played |= _attempt(order, missing, attempt)
    if missing := [index for index in indices if index not in played]:
        raise UnplayableError(
            f"{order.goals.name}, rollout {missing[0]}: MuJoCo warned {ATTEMPTS} times of numbers "
            "that it cannot go on with: give another player, or less --noise in a new dataset"
        )
    return played


def _attempt(order: Order, indices: Sequence[int], attempt: int) -> dict[int, Rollout]:
    """Play some rollouts side by side; those in which the simulator warned are left out."""
    try:
        model, player = _stage(order)
    except DaCapoError as error:
        raise UnplayableError(f"{order.goals.name}: {error}") from error
    seeds = [rollout_seed(order.seed, order.digest, index, attempt) for index in indices]
    rngs = [np.random.default_rng(seed) for seed in seeds]
    amounts = [order.noise * rng.random() for rng in rngs]
    starts = [_near(player.start, model, *of) for of in zip(amounts, rngs, strict=True)]
    environments = [PairEnvironment(model, order.goals, start) for start in starts]
    player.reset(rngs)
    n_steps = order.goals.n_steps
    noise = [smooth_noise(model, n_steps, *of) for of in zip(amounts, rngs, strict=True)]
    rollouts = _record(environments, player, np.stack(noise, axis=1))
    # MuJoCo starts over from its first state after bad numbers, and only counts a warning.
    sound = [not environment.data.warning.number.any() for environment in environments]
    return {index: rollouts[i] for i, index in enumerate(indices) if sound[i]}


def rollout_seed(seed: int, digest: str, index: int, attempt: int) -> np.random.SeedSequence:
    """The seed of a rollout: of the dataset's seed, what is due, which one, which attempt at it."""
    return np.random.SeedSequence([seed, int(digest, 16), index, attempt])


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


def _record(
    environments: Sequence[PairEnvironment], player: Player, noise: Floats
) -> list[Rollout]:
    """Play to the end, with noise of shape ``(n_steps, B, n_actions)``."""
    goals, rows = environments[0].goals, [list[Row]() for _ in environments]
    seen = [environment.reset().observation for environment in environments]
    for step in range(goals.n_steps):
        wanted, actions = _actions(environments, player, step, noise[step])
        for i, environment in enumerate(environments):
            row = _row(seen[i], goals, step)
            seen[i] = environment.step(actions[i]).observation
            row |= {"actions": actions[i], "wanted_actions": wanted[i]}
            rows[i].append(row | {"keys_sounding": environment.sounding})
    return [_rollout(goals, of_one) for of_one in rows]


def _actions(
    environments: Sequence[PairEnvironment], player: Player, step: int, noise: Floats
) -> tuple[Floats, Floats]:
    """What the player wants and what is executed, shape ``(B, n_actions)`` each."""
    goals, model = environments[0].goals, environments[0].model
    targets = np.asarray(player.act(environments, step), np.float64)
    if targets.shape != noise.shape or not np.isfinite(targets).all():
        raise UnplayableError(
            f"{goals.name}: the player's targets of step {step} make no sense: correct it"
        )
    low, high = model.action_low, model.action_high
    return np.clip(targets, low, high), np.clip(targets + noise, low, high)


def _rollout(goals: Goals, rows: Sequence[Row]) -> Rollout:
    arrays = {name: np.array([row[name] for row in rows], np.float32) for name in rows[0]}
    return Rollout(arrays, frame_scores(goals.keys, arrays["keys_sounding"] > 0.0).f1)


def _row(observation: Observation, goals: Goals, step: int) -> Row:
    """What was seen and due; copies, since observations may show the simulator's own memory."""
    return {
        "goals": np.append(goals.keys[step], goals.sustain[step]).astype(np.float64),
        "piano_states": np.append(observation["keys"], observation["sustain"]),
        "hand_joints": observation["joints"].copy(),
        "hand_fingertips": observation["fingertips"].ravel().copy(),
    }
