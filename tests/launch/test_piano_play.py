"""`ros2 launch launch/piano_play.launch.py`, as users run it."""

import json
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from launch import LaunchContext
from launch.launch_description_sources import get_launch_description_from_python_launch_file
from launch.utilities import perform_substitutions

from piano_nodes.graph import PLAY_ARGUMENTS, play_graph
from tests.launch.launched import ROOT
from tests.launch.launched import run as run_file
from tests.launch.launched import start as start_file

FILE = ROOT / "launch" / "piano_play.launch.py"

start, run = partial(start_file, FILE), partial(run_file, FILE)


def nodes_of(launched: int, domain: str) -> list[int]:
    """Processes of our nodes on a ROS domain, wherever they hang in the process tree."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            around = (process / "environ").read_bytes()
        except OSError:
            continue
        ours = b"/lib/piano_nodes/" in command and f"ROS_DOMAIN_ID={domain}".encode() in around
        if ours and int(process.name) != launched:
            found.append(int(process.name))
    return found


def read_until(launched: subprocess.Popen[str], text: str) -> None:
    assert launched.stdout is not None
    seen = []
    for line in launched.stdout:
        seen.append(line)
        if text in line:
            return
    raise AssertionError("".join(seen))


def test_arguments_and_their_descriptions_are_those_of_the_list() -> None:
    description = get_launch_description_from_python_launch_file(str(FILE))
    shown = {argument.name: argument for argument in description.get_launch_arguments()}
    assert list(shown) == [argument.name for argument in PLAY_ARGUMENTS]
    for argument in PLAY_ARGUMENTS:
        declared = shown[argument.name]
        assert declared.description.startswith(argument.description)  # and lists the choices
        assert tuple(declared.choices or ()) == argument.choices
        default = declared.default_value
        if argument.default is None:
            assert default is None
        else:
            assert perform_substitutions(LaunchContext(), default) == argument.default


def test_plays_a_song_and_ends_with_0(
    environment: dict[str, str], song: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    code, output = run(environment, f"song:={song}", f"out:={out}")
    assert code == 0, output
    (folder,) = out.iterdir()
    assert {"performance.json", "recording", "report.html"} <= {p.name for p in folder.iterdir()}
    for node in play_graph("", run=out, partial=out).nodes:
        assert f"[{node.executable}-" in output


def test_plays_on_emulated_hardware(
    environment: dict[str, str], song: Path, tmp_path: Path
) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")
    out = tmp_path / "runs"
    own_midi = environment | {"JACK_DEFAULT_SERVER": f"dacapo-launch-{os.getpid()}"}
    code, output = run(own_midi, f"song:={song}", "mode:=emulated", f"out:={out}")
    assert code == 0, output
    (folder,) = out.iterdir()
    assert json.loads((folder / "performance.json").read_text())["mode"] == "emulated"
    assert "may still pull" not in output
    assert "not limp for sure" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("song:=no_such_song",), "no song 'no_such_song'"),
        (("song:=ode_to_joy", "rig:=nope"), "no rig 'nope'"),
        (("song:=ode_to_joy", "mode:=reel"), '"reel" is not valid'),
        (("song:=ode_to_joy", "mode:=real"), "needs the device file"),
        (("song:=ode_to_joy", "world:=nominal"), "mode sim has no world"),
        (("sonk:=ode_to_joy", "song:=ode_to_joy"), "no argument 'sonk': did you mean 'song'?"),
        ((), "required argument 'song'"),
    ],
)
def test_what_cannot_be_played_ends_with_1_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, output = run(environment, *arguments, f"out:={tmp_path / 'runs'}")
    assert code == 1
    assert message in output
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["process started", "playing"])
def test_a_signal_leaves_no_process_and_no_half_written_folder(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    launched = start(environment, "song:=ode_to_joy", f"out:={tmp_path}")
    read_until(launched, moment)
    time.sleep(0.3)
    launched.send_signal(number)
    launched.communicate(timeout=30)
    assert launched.returncode != 0
    give_up_at = time.monotonic() + 15
    while nodes_of(launched.pid, environment["ROS_DOMAIN_ID"]) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    assert nodes_of(launched.pid, environment["ROS_DOMAIN_ID"]) == []
    assert [p for p in os.listdir(tmp_path) if not p.startswith("two_notes")] == []


def test_a_second_launch_on_the_domain_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    first = start(environment, "song:=ode_to_joy", f"out:={tmp_path}")
    read_until(first, "process started")
    code, output = run(environment, "song:=ode_to_joy", f"out:={tmp_path}")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert code == 1
    assert f"is taken by another Da Capo graph (process {first.pid})" in output
