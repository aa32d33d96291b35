"""What the tests with emulated devices share."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_midi() -> Iterator[None]:
    """Where JACK is needed, a server of this run's own: whatever else plays stays out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", f"dacapo-test-{os.getpid()}")
        yield


@pytest.fixture(scope="session")
def midi_system() -> Iterator[None]:
    """A MIDI system that lasts for the whole run, so that not every test starts one."""
    pytest.importorskip("rtmidi", reason="python-rtmidi is not installed (make setup)")
    from hardware.keyboard.jack import ready_midi_system

    with ready_midi_system():
        yield
