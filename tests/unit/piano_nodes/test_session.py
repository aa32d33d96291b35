"""A session against a rig port that needs no ROS: the real simulator on a clock that runs ahead."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from piano_nodes.errors import NodeError
from piano_nodes.session import Cancelled, JointReading, perform, prepare, timing_of
from policies import make_plan
from policies.performer import Performer, Progress, RigTiming, Stage
from score import Note, Score, make_goals, write_midi
from sim import RigModel, Simulator, build_model, load_rig
from sim.realtime import STEP_NS, RealTimeSimulator


class SimulatedPort:
    """The simulator as fast as it goes; its time is that of its states."""

    def __init__(self, model: RigModel, last_ns: int = 10**12) -> None:
        self.rig = RealTimeSimulator(Simulator(model), 0)
        self.performer: Performer | None = None
        self.last_ns = last_ns
        self.cancel_at_ns = 10**12
        self.trouble_at_ns = 10**12

    def wait_for_state(self, after_ns: int, timeout_s: float) -> JointReading | None:
        assert timeout_s > 0
        while self.rig.time_ns < self.last_ns:
            for state in self.rig.catch_up(self.rig.due_ns):
                for event in state.events:
                    assert self.performer is not None
                    self.performer.key_event(state.time_ns, event.key, event.down, event.velocity)
                if state.time_ns >= after_ns:
                    return JointReading(
                        state.time_ns, state.joint_positions, state.joint_velocities
                    )
        return None

    def send(self, targets: NDArray[np.float64]) -> None:
        self.rig.set_targets(targets, self.rig.time_ns + STEP_NS // 4)

    def attend(self, performer: Performer) -> None:
        self.performer = performer

    def cancelled(self) -> bool:
        return self.rig.time_ns >= self.cancel_at_ns

    def trouble(self) -> str:
        return "the keyboard is gone" if self.rig.time_ns >= self.trouble_at_ns else ""


@pytest.fixture(scope="module")
def model() -> RigModel:
    return build_model(load_rig("leap_rail_49"))


@pytest.fixture
def performer(model: RigModel, tmp_path_factory: pytest.TempPathFactory) -> Performer:
    song = tmp_path_factory.mktemp("songs") / "two.mid"
    write_midi(Score("two", (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9))), song)
    return prepare(str(song), model, "planner")[0]


def test_plays_to_the_end_and_reports_on_the_way(model: RigModel, performer: Performer) -> None:
    seen: list[Progress] = []
    perform(performer, SimulatedPort(model), seen.append)
    assert [s for s in Stage if s in {p.stage for p in seen}] == [
        Stage.MOVING,
        Stage.COUNTING_IN,
        Stage.PLAYING,
        Stage.DONE,
    ]
    assert seen[-1].frame_f1 > 0.9


def test_a_rig_that_falls_silent_is_an_error(model: RigModel, performer: Performer) -> None:
    with pytest.raises(NodeError, match=r"no joint states for 0\.5 s"):
        perform(performer, SimulatedPort(model, last_ns=1_000_000_000), lambda _: None)


def test_a_rig_that_never_speaks_is_an_error(model: RigModel, performer: Performer) -> None:
    with pytest.raises(NodeError, match="no joint states for 60 s"):
        perform(performer, SimulatedPort(model, last_ns=0), lambda _: None)


def test_a_cancelled_session_ends_at_once(model: RigModel, performer: Performer) -> None:
    port = SimulatedPort(model)
    port.cancel_at_ns = 500_000_000
    with pytest.raises(Cancelled):
        perform(performer, port, lambda _: None)
    assert port.rig.time_ns < 600_000_000


def test_a_rig_of_no_use_ends_the_session_at_once(model: RigModel, performer: Performer) -> None:
    port = SimulatedPort(model)
    port.trouble_at_ns = 500_000_000
    with pytest.raises(NodeError, match="the keyboard is gone"):
        perform(performer, port, lambda _: None)
    assert port.rig.time_ns < 600_000_000


def test_a_delay_that_is_known_is_led(model: RigModel) -> None:
    keyboard = model.rig.keyboard
    score = Score("one", (Note(60, 0.0, 0.4),))
    plan = make_plan(make_goals(score, keyboard.lowest_pitch, keyboard.n_keys), model)
    late = replace(model, command_delay_s=0.03)
    assert timing_of("sim", plan, model) == RigTiming()
    assert timing_of("sim", plan, late) == RigTiming(0.0, 0.03)
    for mode in ("emulated", "real"):
        assert timing_of(mode, plan, model) == RigTiming(0.005, 0.0125)
        timing = timing_of(mode, plan, late)
        assert (timing.jitter_s, timing.lead_s) == pytest.approx((0.005, 0.035))
