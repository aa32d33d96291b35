"""The JACK server of our own: it starts, it says why not, and it never stays behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hardware.errors import KeyboardError
from hardware.keyboard.clients import open_output
from hardware.keyboard.jack import JackServer, ready_midi_system
from hardware.keyboard.midi_system import MidiSystem, jack_answers

pytestmark = [
    pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed (jackd2)"),
]

ROOT = Path(__file__).resolve().parents[3]


def test_it_answers_until_it_is_closed() -> None:
    name = f"dacapo-unit-{os.getpid()}"
    with JackServer(name) as server:
        assert jack_answers(name)
        assert server.system == MidiSystem("JACK", name)
        assert server.system.alive()
        server.close()
        assert not server.system.alive()  # and leaving the block closes once more


def test_a_second_of_the_same_name_says_that_it_cannot() -> None:
    name = f"dacapo-twice-{os.getpid()}"
    with JackServer(name) as first:
        with pytest.raises(KeyboardError, match="runs already"):
            JackServer(name)
        assert first.system.alive()


def test_without_jackd_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(KeyboardError, match="apt-get install jackd2"):
        JackServer("dacapo-none")


def test_it_ends_with_the_process_that_started_it_even_when_killed() -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (util-linux)")
    name = f"dacapo-killed-{os.getpid()}"
    code = (
        "from hardware.keyboard.jack import JackServer\n"
        "import time\n"
        f"server = JackServer({name!r})\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert jack_answers(name)
        process.send_signal(signal.SIGKILL)
    deadline_s = time.monotonic() + 20.0
    while jack_answers(name):
        assert time.monotonic() < deadline_s, "the server stayed behind"
        time.sleep(0.01)


def test_a_machine_with_a_midi_system_gets_no_second_one() -> None:
    with ready_midi_system() as first, ready_midi_system() as second:
        assert first == second
        assert second.alive()


def test_a_server_that_is_gone_is_explained() -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")
    with pytest.raises(KeyboardError, match="'dacapo-gone' takes no client"):
        open_output("nobody", MidiSystem("JACK", "dacapo-gone"))


def test_a_keyboard_whose_server_died_is_gone_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of a dead server goes on listing its ports: it must not be believed."""
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")
    if Path("/dev/snd/seq").exists():
        pytest.skip("this machine has ALSA")
    from hardware.emulator.midi_out import MidiOut
    from hardware.keyboard.port import MidiKeyboard

    name = f"dacapo-dying-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    server = JackServer(name)
    out = MidiOut("Dying Keystation")
    with MidiKeyboard("dying", 36, 49, lambda event: None) as keyboard:
        assert keyboard.refresh() is None
        server.close()
        change = keyboard.refresh()
        assert change is not None
        assert not change.connected
        with JackServer(name):
            assert keyboard.refresh() is None
            assert not keyboard.connected
    out.close()
