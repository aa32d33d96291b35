"""Playing a song in a simulator in this process: the same control loop as in real time, faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from policies.evaluation import Evaluation, summarise
from policies.performer import ON_THE_GRID, Performer, Progress, RigTiming, Stage
from policies.policy import Policy
from score import Goals, Performance, score_performance
from sim import Simulator
from sim.realtime import STEP_NS

Array = NDArray[np.float64]

START_NS = 1_000_000_000
"""Monotonic time of the first joint state [ns]; the clock is the simulator's."""

STEPS_PER_STATE = 2
"""Physics steps from one joint state to the next: 100 states a second, as the rigs' nodes tell."""

STEPS_PER_REPORT = 200
"""Physics steps from one report of progress to the next: 1 s."""


class Listener(Protocol):
    """Whoever wants to hear what is read, sent and played, each with its time [ns]."""

    def joint_states(self, time_ns: int, positions: Array, velocities: Array) -> None:
        """What the encoders read, shapes ``(n,)`` [m for the rail, rad]."""
        ...

    def targets(self, time_ns: int, targets: Array) -> None:
        """Joint targets as they were sent, shape ``(n,)``."""
        ...

    def key_event(self, time_ns: int, key: int, down: bool, velocity: int) -> None:
        """A key that moved."""
        ...


class Nobody:
    """A listener that does not care."""

    def joint_states(self, time_ns: int, positions: Array, velocities: Array) -> None:
        """Ignored."""

    def targets(self, time_ns: int, targets: Array) -> None:
        """Ignored."""

    def key_event(self, time_ns: int, key: int, down: bool, velocity: int) -> None:
        """Ignored."""


def perform_in_process(
    performer: Performer,
    simulator: Simulator,
    listener: Listener | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Play to the end, from wherever the simulated joints are.

    The player steps on the first joint state at its deadline, and its targets act from the
    physics step that begins there: as in real time, with answers that take no time.

    Args:
        performer: what to play.
        simulator: where.
        listener: hears everything.
        report: is called once a simulated second.

    Raises:
        PolicyError: the hand does not reach the start posture.
        SimError: the policy's targets cannot be followed.
    """
    heard = listener or Nobody()
    limits = simulator.model.limits
    targets = np.array(simulator.joint_positions)
    step = 0
    while performer.stage is not Stage.DONE:
        time_ns = START_NS + step * STEP_NS
        if step % STEPS_PER_STATE == 0:
            positions, velocities = simulator.joint_positions, simulator.joint_velocities
            heard.joint_states(time_ns, positions, velocities)
            if time_ns >= performer.deadline_ns:
                answer = performer.step(time_ns, positions, velocities, time_ns)
                targets = limits.limit(answer, targets, positions)
                heard.targets(time_ns, targets)
        for event in simulator.step(targets):
            performer.key_event(time_ns + STEP_NS, event.key, event.down, event.velocity)
            heard.key_event(time_ns + STEP_NS, event.key, event.down, event.velocity)
        if step % STEPS_PER_REPORT == 0:
            report(performer.progress())
        step += 1


def score_in_process(
    performer: Performer, goals: Goals, simulator: Simulator, seed: int
) -> Performance:
    """The score of what was played; no loop ran in real time, so there is none to report on."""
    return score_performance(
        goals,
        performer.events(),
        rig=simulator.model.rig.name,
        mode="virtual",
        policy=performer.policy_name,
        seed=seed,
    )


def trials(
    policy: Policy,
    goals: Goals,
    simulators: Iterable[Simulator],
    first: int = 0,
    timing: RigTiming = ON_THE_GRID,
) -> Iterator[Performance]:
    """Play a song once in each simulator.

    Args:
        policy: who plays.
        goals: the song.
        simulators: one for each trial, at rest.
        first: number of the first trial.
        timing: of the rig, as far as it is known.

    Yields:
        The performance of each trial, mode ``virtual``; its seed is the trial's number.
    """
    for trial, simulator in enumerate(simulators, first):
        performer = Performer(policy, goals, timing=timing)
        perform_in_process(performer, simulator)
        yield score_in_process(performer, goals, simulator, trial)


def evaluate_trials(
    policy: Policy,
    goals: Goals,
    simulators: Iterable[Simulator],
    first: int = 0,
    on_trial: Callable[[Performance], None] = lambda _: None,
    *,
    timing: RigTiming = ON_THE_GRID,
) -> Evaluation:
    """Play a song once in each simulator and summarise the scores; see ``trials``.

    Args:
        policy: who plays.
        goals: the song.
        simulators: one for each trial, at rest.
        first: number of the first trial, and seed of the interval.
        on_trial: is told each performance as soon as it is scored.
        timing: of the rig, as far as it is known.
    """
    performances = []
    for performance in trials(policy, goals, simulators, first, timing):
        performances.append(performance)
        on_trial(performance)
    return summarise(performances, first)
