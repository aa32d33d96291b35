"""Which MIDI system is found, and what is said when there is none."""

import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.errors import HardwareError, KeyboardError
from hardware.keyboard import clients, midi_system
from hardware.keyboard.midi_system import MidiSystem, jack_answers, jack_servers


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any MIDI, whose device and sockets are in a folder of the test."""
    monkeypatch.delenv("JACK_DEFAULT_SERVER", raising=False)
    monkeypatch.setattr(midi_system, "SEQUENCER", tmp_path / "seq")
    monkeypatch.setattr(midi_system, "JACK_SOCKETS", tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Something that answers where JACK's own server would."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / f"jack_default_{os.getuid()}_0"))
        listener.listen()
        yield "default"


def test_alsa_comes_first(tmp_path: Path, server: str) -> None:
    assert midi_system.midi_system() == MidiSystem("JACK", server)
    (tmp_path / "seq").touch()
    assert midi_system.midi_system() == MidiSystem("ALSA")


def test_a_bare_machine_is_told_every_way_out() -> None:
    with pytest.raises(KeyboardError) as caught:
        midi_system.midi_system()
    for cure in ("modprobe snd-seq", "--device /dev/snd", "apt-get install jackd2"):
        assert cure in str(caught.value)


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_forbidden_sequencer_names_its_group(tmp_path: Path) -> None:
    (tmp_path / "seq").touch(mode=0)
    with pytest.raises(KeyboardError, match=r"no permission.*usermod -aG"):
        midi_system.midi_system()


def test_why_there_is_none_tells_permission_from_absence(tmp_path: Path) -> None:
    (tmp_path / "seq").touch()
    assert "no permission" in midi_system._why_there_is_none()
    (tmp_path / "seq").unlink()
    assert "no MIDI system" in midi_system._why_there_is_none()


def test_a_killed_server_leaves_a_socket_that_does_not_answer(tmp_path: Path, server: str) -> None:
    assert jack_answers(server)
    path = tmp_path / f"jack_dead_{os.getuid()}_0"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert not jack_answers("dead")
    assert not MidiSystem("JACK", "dead").alive()


def test_the_environment_chooses_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert jack_servers() == ("default", "dacapo")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "studio")
    assert jack_servers() == ("studio",)


def test_a_missing_package_names_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(HardwareError, match=r"python-rtmidi is not installed: run .*hardware"):
        clients.load_rtmidi()


def test_a_wheel_without_its_library_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = "libasound.so.2: cannot open shared object file"
    (tmp_path / "rtmidi.py").write_text(f"raise ImportError({complaint!r})")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "rtmidi", raising=False)
    with pytest.raises(KeyboardError, match=r"libasound\.so\.2.*apt-get install libasound2"):
        clients.load_rtmidi()


def test_a_sequencer_that_the_wheel_cannot_use_is_the_third_cause() -> None:
    said = clients._why_refused(MidiSystem("ALSA"), "MidiInAlsa::initialize: error creating")
    assert "--no-binary python-rtmidi" in said
