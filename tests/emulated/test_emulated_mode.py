"""A short song on an emulated rig: real drivers, real serial device, real MIDI port."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from calibration.recordings import read_recording
from piano_nodes.compose import Played, play
from piano_nodes.errors import NodeError
from policies import load_policy
from policies.evaluation import episodes
from score import load_song, make_goals
from sim import build_model, load_rig
from tests.emulated.graph import until
from tests.emulated.processes import own_children

pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")


@pytest.fixture(scope="module", autouse=True)
def _own_surroundings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", f"dacapo-mode-{os.getpid()}")
        patch.setenv("ROS_DOMAIN_ID", str(100 + os.getpid() % 100))
        yield


@pytest.fixture(scope="module")
def played(short_song: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One performance that several tests look at."""
    out = tmp_path_factory.mktemp("runs")
    return play(str(short_song), mode="emulated", policy="planner", out=out)


def test_it_plays_as_in_the_simulator(played: Played, short_song: Path) -> None:
    model = build_model(load_rig("leap_rail_49"))
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(short_song), keyboard.lowest_pitch, keyboard.n_keys)
    in_process = next(
        episodes(load_policy("planner", model, goals), model, goals, 1, 0)
    ).performance
    assert played.performance.mode == "emulated"
    # On a machine with time to spare they differ by less than 0.02; tests share theirs.
    assert played.performance.frame.f1 >= in_process.frame.f1 - 0.15
    assert played.performance.note.f1_100ms == 1.0
    assert played.performance.wrong_keys == 0


def test_a_delay_that_is_known_is_led(played: Played, short_song: Path, tmp_path: Path) -> None:
    world, fitted = tmp_path / "late.yaml", tmp_path / "fitted.yaml"
    world.write_text("schema: 1\nname: late\ntiming: {command_delay_s: 0.06}\n")
    fitted.write_text("schema: 1\nrig: leap_rail_49\nvalues: {command_delay_s: 0.0675}\n")
    late = play(
        str(short_song),
        mode="emulated",
        policy="planner",
        world=str(world),
        params=str(fitted),
        out=tmp_path,
    )
    prompt = played.performance.onset_error_ms.median
    assert late.performance.onset_error_ms.median == pytest.approx(prompt, abs=15)
    assert read_recording(late.folder).provenance.parameters == fitted.read_text()


def test_the_recording_has_what_hand_and_keyboard_told(played: Played) -> None:
    recording = read_recording(played.folder)
    assert recording.joint_names == load_rig("leap_rail_49").joint_names
    assert len(recording.states.time_ns) > 200
    assert len(recording.sent.time_ns) > 40
    assert abs(recording.states.efforts).max() > 0.0
    assert recording.events.down.sum() == 4
    assert {"hand", "keyboard"} <= {report.name for report in recording.diagnostics}
    assert recording.provenance.device == "nominal"


def test_nothing_is_left_running(played: Played) -> None:
    assert played.folder.exists()
    assert own_children("executables") == []
    assert list(Path(tempfile.gettempdir()).glob(f"dacapo-motors-{os.getpid()}-*")) == []


@pytest.mark.parametrize("victim", ["hand", "emulated_rig", "keyboard"])
def test_a_killed_process_ends_the_performance(victim: str, tmp_path: Path) -> None:
    def kill() -> None:
        until(lambda: bool(own_children(f"e.{victim}()")), 20.0)
        for number in own_children(f"e.{victim}()"):
            os.kill(number, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(NodeError, match=rf"'{victim}' ended with code -9"):
        play("ode_to_joy", mode="emulated", policy="planner", out=tmp_path)
    killer.join()
    assert list(tmp_path.iterdir()) == []
    assert own_children("executables") == []


def test_a_world_that_does_not_exist_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no world 'workshop-x'"):
        play("ode_to_joy", mode="emulated", world="workshop-x", out=tmp_path)
    assert list(tmp_path.iterdir()) == []
