"""What the tests with emulated devices share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.emulator import mechanics
from hardware.emulator.rig import EmulatedRig
from hardware.errors import HardwareError
from hardware.hand import homing
from hardware.hand.driver import HandDriver
from hardware.world import load_world
from tests.emulated.hardware.hands import DEVICE, RIG

START_M = -0.322
"""Of the carriage: near the stop, so that homing takes a second."""


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


@pytest.fixture
def emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedRig]:
    """A hand and its rail behind a serial device."""
    monkeypatch.setattr(mechanics, "RAIL_START_M", START_M)
    monkeypatch.setattr(homing, "LIFT_S", 0.2)  # the fingers are up already
    with EmulatedRig(RIG, load_world("nominal"), tmp_path / "motors") as rig:
        yield rig


@pytest.fixture
def driver(emulated: EmulatedRig) -> Iterator[HandDriver]:
    """Its driver, not yet connected; closed at the end."""
    driver = HandDriver(RIG, DEVICE, str(emulated.device))
    try:
        yield driver
    finally:
        try:
            driver.close()
        except HardwareError:
            assert driver.bus is None  # closed all the same
