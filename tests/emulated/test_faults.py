"""The table of docs/faults.md: every row's fault, while a short song is being played."""

import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.recordings import Recording, find_problems, read_recording
from hardware.hand.service import release_hand
from piano_nodes import session
from policies import load_policy, results
from policies.policy import Observation, Policy
from score import Note, Score, write_midi
from sim import load_rig
from tests.emulated.faulty_graph import FaultyGraph, Outcome
from tests.emulated.faulty_rig import PITCH
from tests.emulated.graph import until
from tests.emulated.processes import own_children

pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")

MOTORS = 17
HELD_MA = 550
"""The most a motor that is held may draw."""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyGraph]:
    """One graph for all faults."""
    folder = tmp_path_factory.mktemp("faults")
    # Low keys: the rail stays near its end stop, and is soon home again.
    notes = tuple(Note(p, 0.4 * i, 0.4 * i + 0.35) for i, p in enumerate((40, 44, 42, 40)))
    write_midi(Score("four_low_notes", notes), folder / "four_low_notes.mid")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", f"dacapo-faults-{os.getpid()}")
        patch.setenv("ROS_DOMAIN_ID", str(100 + os.getpid() % 100))
        patch.setattr(results, "_pictures", lambda _: [])  # of the report: they take seconds
        graph = FaultyGraph(folder, folder / "four_low_notes.mid")
        yield graph
        graph.close()


@pytest.fixture(autouse=True)
def _ready(graph: FaultyGraph) -> None:
    graph.ready()


def problems(outcome: Outcome) -> dict[str, str]:
    """Why the recording of a run must not be learned from: messages by kind."""
    recording = read_recording(outcome.folder)
    assert len(recording.states.time_ns) > 50
    return {problem.kind: problem.message for problem in find_problems(recording)}


def marked(outcome: Outcome, kind: str) -> str:
    """The problem of some kind that the recording of a run is marked with."""
    found = problems(outcome)
    assert kind in found, found
    return found[kind]


def assert_intact(outcome: Outcome) -> None:
    """That a recording is; on a computer with more to do there may be pauses in it."""
    found = problems(outcome)
    assert set(found) <= {"stale_bus"}, found


# Faults that a song survives. -----------------------------------------------------------------


def test_lost_and_damaged_packets(graph: FaultyGraph) -> None:
    undisturbed = graph.play()
    assert undisturbed.failure == ""
    graph.rig.ask("noise", 0.01, 0.01)
    disturbed = graph.play()
    graph.rig.ask("noise", 0, 0)
    assert disturbed.failure == ""
    assert disturbed.performance.note.f1_100ms == 1.0
    assert disturbed.performance.frame.f1 >= undisturbed.performance.frame.f1 - 0.03
    assert_intact(disturbed)
    hand = [each for each in recording_of(disturbed).diagnostics if each.name == "hand"]
    assert int(hand[-1].values["repeated"]) > 0


def recording_of(outcome: Outcome) -> Recording:
    return read_recording(outcome.folder)


def test_a_power_sag(graph: FaultyGraph) -> None:
    capped = []

    def sag() -> None:
        graph.rig.ask("power_sag")
        capped.append(until(lambda: graph.rig.ask("look")["cap_ma"] <= HELD_MA, 0.7))

    outcome = graph.play(sag)
    assert outcome.failure == ""
    assert graph.first(outcome, "hand", "the supply sags") < 0.7
    assert capped == [True]
    assert graph.rig.pulling == MOTORS
    assert "check power supply and cable" in marked(outcome, "hand_fault")


def test_a_stuck_key(graph: FaultyGraph) -> None:
    # Progress is told a few times a second: the first note may be over by then.
    outcome = graph.play(lambda: graph.rig.ask("stuck_key", 44 - PITCH), after_s=0.0)
    assert outcome.failure == ""
    told_ns = outcome.broken_ns + graph.first(outcome, "keyboard", "is it stuck?") * 1e9
    events = recording_of(outcome).events
    last = {key: n for n, key in enumerate(events.keys)}  # event of each key
    (pressed_ns,) = (events.time_ns[n] for n in last.values() if events.down[n])
    assert (told_ns - pressed_ns) / 1e9 < 1.6  # too long is 0.45 s here
    assert graph.rig.pulling == MOTORS
    assert "down for too long" in marked(outcome, "keyboard_gone")


def test_a_midi_flood(graph: FaultyGraph) -> None:
    outcome = graph.play(lambda: graph.rig.ask("midi_flood"))
    assert outcome.failure == ""
    assert graph.first(outcome, "keyboard", "over 400 MIDI messages in a second") < 1.5
    assert outcome.performance.note.f1_100ms == 1.0
    assert_intact(outcome)


class Broken:
    """A policy that does something wrong once."""

    def __init__(self, policy: Policy, wrong: Callable[[NDArray[np.float64]], Any]) -> None:
        self._policy, self._wrong = policy, wrong
        self._done = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  everything else is the policy's
        return getattr(self._policy, name)

    def __call__(self, observation: Observation) -> NDArray[np.float64]:
        targets = self._policy(observation)
        if observation["score_time_s"][0] < 0.8 or self._done:
            return targets
        self._done = True
        return np.asarray(self._wrong(targets))


def break_policy(
    patch: pytest.MonkeyPatch, wrong: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    load = load_policy
    patch.setattr(session, "load_policy", lambda *asked: Broken(load(*asked), wrong))


def test_a_policy_that_stalls(graph: FaultyGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    def stall(targets: NDArray[np.float64]) -> NDArray[np.float64]:
        time.sleep(0.2)
        return targets

    break_policy(monkeypatch, stall)
    outcome = graph.play()
    assert outcome.failure == ""
    assert 2 <= (outcome.performance.loop.missed or 0) <= 8
    said = [each.message for each in recording_of(outcome).diagnostics if each.name == "hand"]
    assert "no command for 100 ms" in said
    assert_intact(outcome)


def test_a_full_disk(graph: FaultyGraph, capfd: pytest.CaptureFixture[str]) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        (data,) = (graph.folder / "runs").glob(".*.partial/recording/*.mcap")
        resource.setrlimit(resource.RLIMIT_FSIZE, (data.stat().st_size + 1000, limits[1]))
        time.sleep(0.5)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    outcome = graph.play(fill)
    assert outcome.failure == ""
    assert outcome.performance.note.f1_100ms == 1.0
    assert "the recording ends there" in capfd.readouterr().err
    assert "File too large" in marked(outcome, "incomplete")


# Faults that end a song. ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "node", "within_s", "failure"),
    [
        (("motor_silent", "mf_dip"), "hand", 0.4, "no answer from mf_dip.*check its cable"),
        (("motor_hot", "mf_pip"), "hand", 1.2, "mf_pip at 6. degC is too hot"),
        (("midi_unplug",), "keyboard", 0.4, "the keyboard '.*' is gone: plug it in again"),
        (("motor_overload", "rf_mcp"), "hand", 0.5, "rf_mcp .* reports .*overload"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_broken_hardware(
    graph: FaultyGraph, fault: tuple[str, ...], node: str, within_s: float, failure: str
) -> None:
    def break_it() -> None:
        if fault[0] == "motor_hot":
            graph.rig.ask("warm", fault[1], 62)  # the rest of the way it warms up by itself
        graph.rig.ask(*fault)

    outcome = graph.play(break_it)
    assert_ended(graph, outcome, failure)
    words = {"motor_silent": "no answer", "motor_hot": "too hot", "midi_unplug": "is gone"}
    assert graph.first(outcome, node, words.get(fault[0], "overload")) < within_s
    marked(outcome, "hand_fault" if node == "hand" else "keyboard_gone")


def assert_ended(graph: FaultyGraph, outcome: Outcome, failure: str) -> None:
    """That a song failed for a reason, its recording was kept and the hand is soon limp."""
    assert re.search(failure, outcome.failure), outcome.failure
    assert outcome.folder.name.endswith("-failed")
    assert until(lambda: graph.rig.pulling == 0, 1.5)


def test_a_power_cut(graph: FaultyGraph) -> None:
    outcome = graph.play(lambda: graph.rig.ask("power"))
    assert_ended(graph, outcome, "no motor answers: check the supply")
    assert graph.first(outcome, "hand", "no motor answers") < 0.4
    assert graph.first(outcome, "hand", "all motors lost power or restarted") < 1.5
    marked(outcome, "hand_fault")
    assert not graph.reset_hand()  # the rail has lost its place: only a new start helps


def test_a_policy_that_gives_no_number(graph: FaultyGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    break_policy(monkeypatch, lambda targets: targets * np.nan)
    outcome = graph.play()
    assert_ended(graph, outcome, "policy 'planner' broke: it gave no number")
    assert "stopped by /hand/stop" in marked(outcome, "hand_fault")


def test_the_serial_cable_is_pulled_and_plugged_in_again(graph: FaultyGraph) -> None:
    outcome = graph.play(lambda: graph.rig.ask("serial_unplug"))
    assert_ended(graph, outcome, "plug it in and connect again")
    assert graph.rig.ask("look")["torque_on"] == MOTORS  # they hold by themselves
    assert "plug it in" in marked(outcome, "hand_fault")
    graph.rig.ask("serial_replug")
    assert release_hand(load_rig("leap_rail_49"), str(graph.port)) == []
    assert graph.rig.ask("look")["torque_on"] == 0
    graph.ready()  # another driver finds motors that are well


# Processes that are killed, and a clock that is stepped. --------------------------------------


def kill(node: str) -> int:
    """Kill the process of a node; when that was."""
    (number,) = own_children(f"e.{node}()")
    os.kill(number, signal.SIGKILL)
    return time.monotonic_ns()


def test_a_step_of_the_wall_clock(graph: FaultyGraph) -> None:
    with graph.apart() as run:
        graph.clock.step(-3600)
        stepped_ns = time.monotonic_ns()
        assert until((run.partial / "performance.json").exists, 15.0)
    graph.clock.step(0)
    outcome = Outcome(run.partial, "", stepped_ns)
    assert graph.first(outcome, "recorder", "the wall clock was moved by -3600") < 1.1
    performance = outcome.performance
    assert performance.note.f1_100ms > 0.7
    assert abs(performance.onset_error_ms.median or 0.0) < 50.0
    assert_intact(outcome)


def test_a_killed_player(graph: FaultyGraph) -> None:
    with graph.apart() as run:
        killed_ns = kill("player")
        assert until(lambda: graph.rig.ask("look")["cap_ma"] <= HELD_MA, 1.0)
        held_s = (time.monotonic_ns() - killed_ns) / 1e9
        assert until(lambda: graph.rig.pulling == 0, 2.0)
        limp_s = (time.monotonic_ns() - killed_ns) / 1e9
        time.sleep(0.1)
    assert held_s < 0.25
    assert limp_s < 1.3
    assert "no command for 1 s" in marked(Outcome(run.partial, "", killed_ns), "hand_fault")


def test_a_killed_recorder(graph: FaultyGraph) -> None:
    with graph.apart() as run:
        killed_ns = kill("recorder")
        time.sleep(0.2)
        assert graph.rig.pulling == MOTORS
    recording = read_recording(run.partial)
    assert killed_ns - recording.states.time_ns[-1] < 1e9
    assert "incomplete" in {problem.kind for problem in find_problems(recording)}
