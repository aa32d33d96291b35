"""Mode real against hardware that is emulated: what it refuses, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from calibration.recordings import read_recording
from hardware.errors import HardwareError, MotorFault
from hardware.hand.device import nominal_device, write_device
from hardware.hand.driver import HandDriver
from hardware.hand.service import release_hand
from piano_nodes.companions import EmulatorCompanion
from piano_nodes.compose import play
from piano_nodes.errors import NodeError
from piano_nodes.graph import EmulatorSpec
from piano_nodes.modes import check_mode
from score import DaCapoError
from sim import load_rig
from tests.emulated.graph import until
from tests.emulated.processes import alive, children

pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")

KEYBOARD = f"Real {os.getpid()}"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The serial device of a rig that stands there whatever becomes of the graph."""
    link = tmp_path_factory.mktemp("devices") / "motors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", f"dacapo-real-{os.getpid()}")
        patch.setenv("ROS_DOMAIN_ID", str(100 + os.getpid() % 100))
        spec = EmulatorSpec("leap_rail_49", "nominal", str(link), KEYBOARD)
        with closing(EmulatorCompanion(spec)):
            assert until(link.exists, 20.0)
            yield link


@pytest.fixture(scope="module")
def hardware(port: Path) -> dict[str, str]:
    """The words that name this hardware."""
    device = port.with_name("hand.yaml")
    write_device(nominal_device(load_rig("leap_rail_49"), "bench"), device)
    return {"port": str(port), "device": str(device), "keyboard": KEYBOARD}


def given(**words: str) -> dict[str, str]:
    nothing = dict.fromkeys(("params", "world", "port", "device", "keyboard"), "")
    return {"mode": "real", "rig": "leap_rail_49", **nothing, **words}


def test_hardware_that_is_there_and_well_is_accepted(hardware: dict[str, str]) -> None:
    check_mode(given(**hardware))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"device": ""}, "needs the device file"),
        ({"device": "/no/such.yaml"}, "no such device file"),
        ({"keyboard": "Steinway"}, "no keyboard matches 'Steinway'"),
        ({"port": "/dev/nowhere"}, "does not pass its doctor"),
        ({"world": "nominal"}, "mode real has no world"),
        ({"rig": "allegro_slide_49"}, "and has no device: leave it out"),
    ],
)
def test_what_is_missing_is_said_and_nothing_moves(
    hardware: dict[str, str], words: dict[str, str], complaint: str
) -> None:
    with pytest.raises(DaCapoError, match=complaint) as caught:
        check_mode(given(**{**hardware, **words}))
    assert "\n" not in str(caught.value)


FRONT_END = """
import sys
from pathlib import Path
from piano_nodes.compose import play
out, port, device, keyboard = sys.argv[1:]
say = lambda progress: print(progress.stage, flush=True)
play("ode_to_joy", out=Path(out), on_progress=say, mode="real", policy="planner", port=port,
     device=device, keyboard=keyboard)
"""


@pytest.fixture
def playing(hardware: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A front end whose hand is playing."""
    words = [str(tmp_path), hardware["port"], hardware["device"], hardware["keyboard"]]
    for _ in range(2):
        front_end = subprocess.Popen(
            [sys.executable, "-c", FRONT_END, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert front_end.stdout is not None
        if any(line.strip() == "moving" for line in front_end.stdout):
            break
        complaint = front_end.communicate()[1]
        assert "this computer left" in complaint, complaint  # it had too much to do
    yield front_end
    front_end.kill()
    front_end.communicate()


def connects(port: str) -> HardwareError | None:
    """Why the next one who wants the hand does not get it."""
    rig = load_rig("leap_rail_49")
    with closing(HandDriver(rig, nominal_device(rig), port)) as driver:
        try:
            driver.connect()
        except HardwareError as error:
            return error
    return None


def test_killing_the_hand_ends_the_song_and_the_motors_hold_by_themselves(
    playing: subprocess.Popen[str], hardware: dict[str, str], tmp_path: Path
) -> None:
    (hand,) = children(playing.pid, "e.hand()")
    os.kill(hand, signal.SIGKILL)
    _, complaint = playing.communicate(timeout=30)
    assert playing.returncode == 1
    assert "'hand' ended with code -9" in complaint
    (kept,) = tmp_path.iterdir()
    assert f"what was recorded until then is in {kept}" in complaint
    assert len(read_recording(kept).states.time_ns) > 0
    error = connects(hardware["port"])
    assert isinstance(error, MotorFault)
    assert "dacapo hand release" in str(error)
    assert release_hand(load_rig("leap_rail_49"), hardware["port"]) == []
    assert connects(hardware["port"]) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_front_end_that_ends_leaves_a_limp_hand(
    number: signal.Signals, playing: subprocess.Popen[str], hardware: dict[str, str]
) -> None:
    nodes = children(playing.pid, "executables")
    assert len(nodes) == 2
    playing.send_signal(number)
    playing.wait(timeout=30)
    assert until(lambda: not any(map(alive, nodes)), 15.0)
    assert connects(hardware["port"]) is None


def test_it_plays(hardware: dict[str, str], short_song: Path, tmp_path: Path) -> None:
    time.sleep(0.5)
    asked = {"mode": "real", "policy": "planner", **hardware}
    played = play(str(short_song), out=tmp_path, on_progress=None, **asked)
    assert played.performance.mode == "real"
    assert played.performance.note.f1_100ms == 1.0


def test_a_hand_that_pulls_already_is_not_taken(hardware: dict[str, str], tmp_path: Path) -> None:
    rig = load_rig("leap_rail_49")
    with closing(HandDriver(rig, nominal_device(rig), hardware["port"])) as driver:
        driver.connect()
        assert driver.motors is not None
        driver.motors.write(0, "Torque_Enable", 1)
    with pytest.raises(NodeError, match="pull already"):
        play("ode_to_joy", out=tmp_path, on_progress=None, **{"mode": "real", **hardware})
    assert release_hand(rig, hardware["port"]) == []
    assert list(tmp_path.iterdir()) == []
