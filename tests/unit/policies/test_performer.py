"""The performer on a clock turned by hand, with the real planner and the real simulator."""

import numpy as np
import pytest

from policies import PolicyError, load_policy
from policies.performer import CONTROL_STEP_NS, Performer, Stage
from policies.policy import Policy
from score import Goals, Note, Score, make_goals, score_performance
from sim import RigModel, Simulator, build_model, load_rig
from sim.realtime import STEP_NS, RealTimeSimulator, RigState

START_NS = 5_000_000_000


@pytest.fixture(scope="module")
def model() -> RigModel:
    return build_model(load_rig("leap_rail_49"))


@pytest.fixture(scope="module")
def goals(model: RigModel) -> Goals:
    keyboard = model.rig.keyboard
    pitches = (60, 62, 64, 62, 60, 60)
    notes = tuple(Note(p, i * 0.5, i * 0.5 + 0.45) for i, p in enumerate(pitches))
    return make_goals(Score("five", notes), keyboard.lowest_pitch, keyboard.n_keys)


@pytest.fixture(scope="module")
def policy(model: RigModel, goals: Goals) -> Policy:
    return load_policy("planner", model, goals)


class Rehearsal:
    """A rig and a performer on one clock: states every 10 ms, answers 1 ms later."""

    def __init__(self, model: RigModel, performer: Performer) -> None:
        self.rig = RealTimeSimulator(Simulator(model), START_NS)
        self.performer = performer

    def play(self, blackout: range = range(0)) -> None:
        """Run to the end; states in the time range `blackout` (ns of score time) get lost."""
        for _ in range(10_000):
            for state in self.rig.catch_up(self.rig.time_ns + 2 * STEP_NS):
                self._hear(state)
            if self._wanted(state, blackout):
                self._answer(state)
            if self.performer.stage is Stage.DONE:
                return
        raise AssertionError("the performance never ended")

    def _hear(self, state: RigState) -> None:
        for event in state.events:
            self.performer.key_event(state.time_ns, event.key, event.down, event.velocity)

    def _wanted(self, state: RigState, blackout: range) -> bool:
        zero_ns = self.performer.score_zero_ns
        lost = zero_ns is not None and state.time_ns - zero_ns in blackout
        return state.time_ns >= self.performer.deadline_ns and not lost

    def _answer(self, state: RigState) -> None:
        now_ns = state.time_ns + 1_000_000
        positions, velocities = state.joint_positions, state.joint_velocities
        targets = self.performer.step(state.time_ns, positions, velocities, now_ns)
        self.rig.set_targets(targets, now_ns)


def frame_f1(goals: Goals, performer: Performer) -> float:
    events = performer.events()
    return score_performance(goals, events, rig="", mode="sim", policy="").frame.f1


def test_plays_as_well_as_in_process(model: RigModel, goals: Goals, policy: Policy) -> None:
    simulator = Simulator(model)
    simulator.reset(policy.start)
    direct = []
    for step in range(goals.n_steps):
        direct += simulator.advance(policy({"score_time_s": np.array([step * 0.05])}))
    performer = Performer(policy, goals)
    Rehearsal(model, performer).play()
    in_process = score_performance(goals, direct, rig="", mode="sim", policy="").frame.f1
    assert frame_f1(goals, performer) >= in_process - 0.02
    assert in_process > 0.8


def test_every_control_step_is_played_once_on_the_grid(
    model: RigModel, goals: Goals, policy: Policy
) -> None:
    performer = Performer(policy, goals)
    Rehearsal(model, performer).play()
    trace, timing = performer.trace(), performer.loop_timing()
    np.testing.assert_allclose(trace.time_s, 0.05 * np.arange(goals.n_steps), atol=1e-9)
    np.testing.assert_allclose(trace.joint_positions[0], policy.start, atol=0.05)
    assert trace.joint_targets.shape == (goals.n_steps, model.n_joints)
    assert timing.period_ms_p50 == pytest.approx(50.0)
    assert timing.missed == 0


def test_a_loop_that_stalls_skips_steps_instead_of_slowing_the_song(
    model: RigModel, goals: Goals, policy: Policy
) -> None:
    performer = Performer(policy, goals)
    Rehearsal(model, performer).play(range(10 * CONTROL_STEP_NS, 14 * CONTROL_STEP_NS))
    assert performer.loop_timing().missed == 4
    times = performer.trace().time_s
    assert times[-1] == pytest.approx((goals.n_steps - 1) * 0.05)
    assert len(times) == goals.n_steps - 4


def test_progress_tells_stage_score_and_keys(model: RigModel, goals: Goals, policy: Policy) -> None:
    performer = Performer(policy, goals)
    before = performer.progress()
    assert before.stage is Stage.MOVING
    assert np.isnan(before.frame_f1)
    Rehearsal(model, performer).play()
    after = performer.progress()
    assert after.stage is Stage.DONE
    assert after.frame_f1 == pytest.approx(frame_f1(goals, performer))
    assert after.keys == ()


def test_keys_held_before_the_song_count_from_its_start(goals: Goals, policy: Policy) -> None:
    performer = Performer(policy, goals, count_in_s=0.05)
    performer.key_event(START_NS, 3, True, 80)
    performer.key_event(START_NS, 4, True, 80)
    performer.key_event(START_NS + 1, 4, False, 0)
    still = np.zeros_like(policy.start)
    time_ns = START_NS
    while performer.stage is Stage.MOVING:  # a hand that is at once where it should be
        performer.step(time_ns, policy.start, still, time_ns)
        time_ns += CONTROL_STEP_NS
    events = performer.events()
    assert [(e.key, e.down, e.time_s) for e in events] == [(3, True, 0.0)]


def test_a_hand_that_is_blocked_is_named(goals: Goals, policy: Policy) -> None:
    performer = Performer(policy, goals)
    elsewhere = np.array(policy.start)
    elsewhere[0] += 0.1
    still = np.zeros_like(policy.start)

    def wait_in_vain() -> None:
        for step in range(200):
            time_ns = START_NS + step * CONTROL_STEP_NS
            performer.step(time_ns, elsewhere, still, time_ns)

    with pytest.raises(PolicyError, match=r"joint rail is \+0\.100 off"):
        wait_in_vain()


def test_a_key_that_the_rig_lacks_is_an_error(goals: Goals, policy: Policy) -> None:
    with pytest.raises(PolicyError, match="key 49"):
        Performer(policy, goals).key_event(START_NS, 49, True, 64)
