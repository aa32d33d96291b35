"""Playing a song again and again in the simulator, and what the scores have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.policy import Observation, Policy, lateness_of
from policies.readings import ReadingNoise
from score import Goals, KeyEvent, Performance, pedal_f1, score_performance
from sim import Environment, Lead, PlayableModel, by_kind

Array = NDArray[np.float64]

START_RAD, START_M = 0.01, 0.001
"""How far from its start posture an episode may find a joint (uniform)."""

RESAMPLES = 2000


@dataclass(frozen=True)
class Evaluation:
    """Scores of a policy on one song: means over episodes.

    Attributes:
        frame_f1: mean frame F1.
        frame_f1_interval: 95 % interval of that mean, see ``interval_of_mean``.
        note_f1_50ms: mean note F1, onsets within 50 ms.
        note_f1_100ms: the same within 100 ms.
        onset_error_ms_median: median over episodes of the signed median lateness [ms]; None when
            no note was ever matched.
        wrong_keys: mean number of wrong keys.
        pedal_f1: mean F1 of the pedal, see ``score.pedal_f1``; None for a rig without one.
        episodes: number of episodes.
    """

    frame_f1: float
    frame_f1_interval: tuple[float, float]
    note_f1_50ms: float
    note_f1_100ms: float
    onset_error_ms_median: float | None
    wrong_keys: float
    pedal_f1: float | None
    episodes: int

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain numbers and lists."""
        return asdict(self) | {"frame_f1_interval": list(self.frame_f1_interval)}


@dataclass(frozen=True, eq=False)
class Episode:
    """A song played once.

    Attributes:
        performance: the scores.
        events: what the keyboard reported, score time.
        pedal_f1: F1 of the pedal; None for a rig without one.
        observations: before each control step.
    """

    performance: Performance
    events: tuple[KeyEvent, ...]
    pedal_f1: float | None
    observations: list[Observation]


def evaluate(
    policy: Policy,
    model: PlayableModel,
    goals: Goals,
    count: int,
    *,
    seed: int = 0,
    lead_s: float | None = None,
    on_episode: Callable[[Performance], None] | None = None,
) -> Evaluation:
    """Play a song ``count`` times and summarise the scores; the same seed gives the same result.

    Args:
        policy: who plays.
        model: the rig, with its physics parameters applied.
        goals: the song.
        count: number of episodes.
        seed: of what differs between episodes, see ``episodes``.
        lead_s: what is led: the model's command delay and the policy's lateness, if it is not
            said; 0 for a simulator that is wrong in a way that the player does not know of.
        on_episode: is told each performance as soon as it is scored.

    Raises:
        SimError: a negative lead.
    """
    led_s = model.command_delay_s + lateness_of(policy) if lead_s is None else lead_s
    performances, pedals = [], []
    for episode in episodes(policy, model, goals, count, seed, lead_s=led_s):
        performances.append(episode.performance)
        if episode.pedal_f1 is not None:
            pedals.append(episode.pedal_f1)
        if on_episode:
            on_episode(episode.performance)
    return summarise(performances, seed, pedals)


def summarise(
    performances: Sequence[Performance], seed: int = 0, pedals: Sequence[float] = ()
) -> Evaluation:
    """What the performances of one song have in common; ``pedals`` is the pedal F1 of each."""
    frame_f1 = [p.frame.f1 for p in performances]
    medians = [m for p in performances if (m := p.onset_error_ms.median) is not None]
    return Evaluation(
        frame_f1=float(np.mean(frame_f1)),
        frame_f1_interval=interval_of_mean(frame_f1, seed),
        note_f1_50ms=float(np.mean([p.note.f1_50ms for p in performances])),
        note_f1_100ms=float(np.mean([p.note.f1_100ms for p in performances])),
        onset_error_ms_median=float(np.median(medians)) if medians else None,
        wrong_keys=float(np.mean([p.wrong_keys for p in performances])),
        pedal_f1=float(np.mean(pedals)) if pedals else None,
        episodes=len(performances),
    )


def episodes(
    policy: Policy,
    model: PlayableModel,
    goals: Goals,
    count: int,
    seed: int,
    *,
    lead_s: float = 0.0,
) -> Iterator[Episode]:
    """Play a song several times, each time scored.

    The first episode is undisturbed. Every other one begins as a real hand would, up to 0.01 rad
    and 1 mm off its start posture, and its policy reads joints with the noise of real encoders;
    both are drawn from (``seed``, episode).

    Args:
        policy: who plays.
        model: the rig.
        goals: the song.
        count: number of episodes.
        seed: of the disturbances.
        lead_s: how much later than the policy's control steps score time runs.

    Yields:
        Each episode as it ended, mode ``sim``.
    """
    lead = Lead.of(lead_s)
    played = goals.then_silence(lead.rows)
    for number in range(count):
        disturbance = Disturbance(policy.joint_names, seed, number) if number else None
        start = disturbance.start(policy.start) if disturbance else policy.start
        environment = Environment(model, played, start)
        step, observations = environment.reset(), []
        while not step.last():
            observations.append(step.observation)
            seen = disturbance.seen(step.observation) if disturbance else step.observation
            step = environment.step(policy(seen))
        events = lead.in_score_time(environment.events)
        performance = score_performance(
            goals, events, rig=model.rig.name, mode="sim", policy=policy.name, seed=seed
        )
        pedal = pedal_f1(goals, environment.pedal[lead.rows :]) if model.pedal is not None else None
        yield Episode(performance, events, pedal, observations)


class Disturbance:
    """What makes an episode differ from another one."""

    def __init__(self, joint_names: Sequence[str], seed: int, episode: int) -> None:
        self._rng = np.random.default_rng((seed, episode))
        self._start = by_kind(joint_names, slide=START_M, hinge=START_RAD)
        self._noise = ReadingNoise(joint_names)

    def start(self, posture: Array) -> Array:
        """A posture near ``posture``."""
        return posture + self._rng.uniform(-1.0, 1.0, len(posture)) * self._start

    def seen(self, observation: Observation) -> Observation:
        """The observation as a policy reads it."""
        return self._noise(observation, self._rng)


def interval_of_mean(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean of ``values`` (percentile method, Efron 1979)."""
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
