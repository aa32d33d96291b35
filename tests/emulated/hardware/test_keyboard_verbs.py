"""`dacapo doctor keyboard` and `dacapo bench midi`, as a user types them."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from dacapo.__main__ import main
from hardware.emulator.midi_out import MidiOut

pytestmark = pytest.mark.usefixtures("midi_system")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def out() -> Iterator[MidiOut]:
    with MidiOut("Test Keystation") as out:
        yield out


def playing(play: Callable[[], None]) -> threading.Event:
    """Plays again and again until the event is set."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(0.02):
            play()

    threading.Thread(target=repeat, daemon=True).start()
    return stop


def doctor(capsys: Capture, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "keyboard", "--json", *arguments])
    checks = json.loads(capsys.readouterr().out)["checks"]
    return code, {check["name"]: check for check in checks}


def test_a_keyboard_that_is_there(out: MidiOut, capsys: Capture) -> None:
    code, checks = doctor(capsys)
    assert code == 0
    assert out.name in checks["keyboard"]["detail"]


def test_no_keyboard(capsys: Capture) -> None:
    code, checks = doctor(capsys)
    assert code == 1
    assert checks["keyboard"]["state"] == "missing"
    assert "plug it in" in checks["keyboard"]["mend"]


def test_keys_that_are_heard(out: MidiOut, capsys: Capture) -> None:
    def press() -> None:
        out.key(True, 36, 9)
        out.key(True, 84, 9)
        out.key(False, 84, 0)

    stop = playing(press)
    code, checks = doctor(capsys, "--listen", "0.5")
    stop.set()
    assert code == 0
    assert "pressed from 36 to 84" in checks["keys"]["detail"]


def test_shifted_octaves_are_noticed(out: MidiOut, capsys: Capture) -> None:
    stop = playing(lambda: out.key(True, 24, 9))
    code, checks = doctor(capsys, "--listen", "0.5")
    stop.set()
    assert code == 1
    assert "beyond its 49 keys" in checks["keys"]["detail"]
    assert "octave buttons" in checks["keys"]["mend"]


def test_silent_keys(out: MidiOut, capsys: Capture) -> None:
    code, checks = doctor(capsys, "--port", out.name, "--listen", "0.2")
    assert code == 1
    assert "none pressed" in checks["keys"]["detail"]


def test_bench(capsys: Capture) -> None:
    assert main(["bench", "midi", "--json", "--events", "100"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["events"], result["lost"], result["duplicated"]) == (100, 0, 0)
