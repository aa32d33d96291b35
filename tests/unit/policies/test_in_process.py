"""The control loop in process: the same as in real time, heard by whoever listens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from policies import load_policy
from policies.in_process import (
    START_NS,
    evaluate_trials,
    perform_in_process,
    score_in_process,
)
from policies.performer import ON_THE_GRID, Performer, Progress, RigTiming, Stage
from policies.policy import Policy
from score import Goals, KeyEvent, Note, Score
from sim import BatchedEnvironment, SimError, Simulator
from sim.realtime import STEP_NS, RealTimeSimulator
from tests.unit.playing import goals_of, nominal_model

Floats = NDArray[np.float64]
MODEL = nominal_model("leap_rail_49")


class Notebook:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.states: list[tuple[int, Floats]] = []
        self.sent: list[tuple[int, Floats]] = []
        self.events: list[tuple[int, int, bool, int]] = []

    def joint_states(self, time_ns: int, positions: Floats, velocities: Floats) -> None:
        assert velocities.shape == positions.shape
        self.states.append((time_ns, positions.copy()))

    def targets(self, time_ns: int, targets: Floats) -> None:
        self.sent.append((time_ns, targets.copy()))

    def key_event(self, time_ns: int, key: int, down: bool, velocity: int) -> None:
        self.events.append((time_ns, key, down, velocity))


@pytest.fixture(scope="module")
def goals() -> Goals:
    notes = (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9), Note(64, 1.0, 1.4))
    return goals_of(Score("three", notes, ()), MODEL.rig)


@pytest.fixture(scope="module")
def policy(goals: Goals) -> Policy:
    return load_policy("planner", MODEL, goals)


def in_real_time(performer: Performer) -> tuple[KeyEvent, ...]:
    """The same performance on the paced simulator, answered within a millisecond."""
    rig = RealTimeSimulator(Simulator(MODEL), START_NS)
    simulator = rig.simulator
    start = simulator.joint_positions, simulator.joint_velocities
    rig.set_targets(performer.step(START_NS, *start, START_NS), START_NS)
    while performer.stage is not Stage.DONE:
        for state in rig.catch_up(rig.due_ns):
            for event in state.events:
                performer.key_event(state.time_ns, event.key, event.down, event.velocity)
            if state.time_ns >= performer.deadline_ns:
                positions, velocities = state.joint_positions, state.joint_velocities
                answer = performer.step(state.time_ns, positions, velocities, state.time_ns)
                rig.set_targets(answer, state.time_ns + 1_000_000)
    return performer.events()


def test_plays_exactly_as_in_real_time(policy: Policy, goals: Goals) -> None:
    performer = Performer(policy, goals)
    perform_in_process(performer, Simulator(MODEL))
    assert performer.events() == in_real_time(Performer(policy, goals))
    score = score_in_process(performer, goals, Simulator(MODEL), 3)
    assert (score.mode, score.seed, score.note.f1_50ms) == ("virtual", 3, 1.0)
    assert score.loop.period_ms_p50 is None


def test_a_listener_hears_everything_with_its_time(policy: Policy, goals: Goals) -> None:
    performer, heard = Performer(policy, goals), Notebook()
    seen: list[Progress] = []
    perform_in_process(performer, Simulator(MODEL), heard, seen.append)
    times_ns = np.array([time_ns for time_ns, _ in heard.states])
    assert times_ns[0] == START_NS
    assert set(np.diff(times_ns)) == {2 * STEP_NS}
    assert set(np.diff([time_ns for time_ns, _ in heard.sent])) == {10 * STEP_NS}
    zero_ns = performer.score_zero_ns
    assert zero_ns is not None
    events = tuple(
        KeyEvent((time_ns - zero_ns) / 1e9, key, down, velocity)
        for time_ns, key, down, velocity in heard.events
    )
    assert events == performer.events()
    assert len(seen) > 2
    for row in performer.trace().joint_targets:
        assert any(np.array_equal(row, targets) for _, targets in heard.sent)


@pytest.mark.parametrize("delay_s", [0.0, 0.0233, 0.06, 0.15])
def test_leading_on_a_rig_is_leading_in_training(
    policy: Policy, goals: Goals, delay_s: float
) -> None:
    """The hand has been in its start posture for half a second on a rig, so not bit-equal."""
    late = replace(MODEL, command_delay_s=delay_s)
    simulator, performer = Simulator(late), Performer(policy, goals, timing=RigTiming(0.0, delay_s))
    simulator.reset(policy.start)
    perform_in_process(performer, simulator)
    batch = BatchedEnvironment(late, goals, 1, policy.start, 1, lead_s=delay_s)
    events: list[KeyEvent] = []
    while not batch.done[0]:
        batch.step(policy({name: array[0] for name, array in batch.observation.items()})[None])
        events += batch.events(0)
    played = performer.events()
    assert [(e.key, e.down) for e in played] == [(e.key, e.down) for e in events]
    times_s = np.array([[e.time_s for e in each] for each in (played, events)])
    assert np.ptp(times_s, axis=0).max() < 0.0051
    assert len(played) == 6


def test_trials_are_led(policy: Policy, goals: Goals) -> None:
    late = replace(MODEL, command_delay_s=0.08)
    prompt, led, behind = (
        evaluate_trials(policy, goals, [Simulator(model)], timing=timing)
        for model, timing in (
            (MODEL, ON_THE_GRID),
            (late, RigTiming(0.0, 0.08)),
            (late, ON_THE_GRID),
        )
    )
    assert led.frame_f1 == pytest.approx(prompt.frame_f1, abs=0.03)
    assert behind.frame_f1 < led.frame_f1 - 0.05


def test_targets_are_limited_before_they_are_sent(policy: Policy, goals: Goals) -> None:
    heard = Notebook()
    perform_in_process(Performer(Beyond(policy), goals), Simulator(MODEL), heard)
    sent = np.array([targets for _, targets in heard.sent])
    assert sent.max(axis=0) == pytest.approx(MODEL.joint_high)


def test_a_broken_policy_is_an_error(policy: Policy, goals: Goals) -> None:
    broken = Performer(Beyond(policy, np.nan), goals)
    with pytest.raises(SimError, match="not finite"):
        perform_in_process(broken, Simulator(MODEL))


def test_trials_are_numbered_and_summarised(policy: Policy, goals: Goals) -> None:
    seeds: list[int | None] = []
    simulators = (Simulator(MODEL) for _ in range(2))
    scores = evaluate_trials(
        policy, goals, simulators, 5, lambda performance: seeds.append(performance.seed)
    )
    assert seeds == [5, 6]
    assert scores.episodes == 2
    assert scores.frame_f1_interval == (scores.frame_f1, scores.frame_f1)


class Beyond:
    """A policy that asks for more than the joints can do."""

    def __init__(self, policy: Policy, excess: float = 100.0) -> None:
        self.name, self.rig, self.joint_names = policy.name, policy.rig, policy.joint_names
        self.start = policy.start
        self._excess = excess

    def __call__(self, observation: object) -> Floats:
        return self.start + self._excess
