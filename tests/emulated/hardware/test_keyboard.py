"""The keyboard over a real MIDI system: events, failures, unplugging, closing under fire."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.emulator.midi_out import MidiOut
from hardware.errors import KeyboardError
from hardware.keyboard.bench import measure_midi
from hardware.keyboard.decode import MidiEvent, MidiKind
from hardware.keyboard.port import MidiKeyboard, PortChange
from hardware.keyboard.ports import ports
from hardware.keyboard.watch import PortWatcher

pytestmark = pytest.mark.usefixtures("midi_system")

ROOT = Path(__file__).resolve().parents[3]
NAME = "Test Keystation"


@pytest.fixture
def out() -> Iterator[MidiOut]:
    """An emulated keyboard, plugged in."""
    with MidiOut(NAME) as out:
        yield out


def listen(received: list[MidiEvent], pattern: str = NAME.lower()) -> MidiKeyboard:
    return MidiKeyboard(pattern, 36, 49, received.append)


def wait_for(happened: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline_s, "it never happened"
        time.sleep(0.005)


def test_events_arrive_in_order_with_the_time_of_their_arrival(out: MidiOut) -> None:
    received: list[MidiEvent] = []
    sent_ns = []
    with listen(received) as keyboard:
        assert NAME in keyboard.port_name
        for number in range(40):
            sent_ns.append(time.monotonic_ns())
            out.key(number % 2 == 0, 60 + number // 2, 100 - number)
            time.sleep(0.005)
        wait_for(lambda: len(received) == 40)
    kinds = (MidiKind.NOTE_ON, MidiKind.NOTE_OFF)
    expected = [(kinds[n % 2], 60 + n // 2, 100 - n) for n in range(40)]
    assert [(e.kind, e.pitch, e.velocity) for e in received] == expected
    delays_ns = [e.time_ns - sent for e, sent in zip(received, sent_ns, strict=True)]
    assert min(delays_ns) > 0
    assert sorted(delays_ns)[20] < 50e6  # the median: single ones wait for a busy machine
    assert all(event.raw_delta_s > 0 for event in received[1:])


def test_both_forms_of_release_the_pedal_and_strange_notes(out: MidiOut) -> None:
    received: list[MidiEvent] = []
    with listen(received) as keyboard:
        for message in ((0x90, 60, 9), (0x90, 60, 0), (0xB0, 64, 127), (0x90, 100, 9)):
            out.send(bytes(message))
        out.key(True, 36, 1)
        wait_for(lambda: len(received) == 4)
        assert keyboard.out_of_range == 1
    on, off = MidiKind.NOTE_ON, MidiKind.NOTE_OFF
    assert [event.kind for event in received] == [on, off, MidiKind.SUSTAIN, on]


def test_a_burst_arrives_whole(out: MidiOut) -> None:
    received: list[MidiEvent] = []
    with listen(received):
        for number in range(400):
            out.key(True, 36 + number % 49, 1 + number // 49)
        wait_for(lambda: len(received) == 400)
    assert [e.pitch for e in received] == [36 + n % 49 for n in range(400)]


def test_unplugging_is_noticed_and_plugging_in_again_is_heard(out: MidiOut) -> None:
    received: list[MidiEvent] = []
    changes: list[PortChange] = []
    with listen(received) as keyboard, PortWatcher(keyboard, changes.append):
        pulled_ns = time.monotonic_ns()
        out.unplug()
        wait_for(lambda: len(changes) == 1)
        assert not changes[0].connected
        assert changes[0].time_ns > pulled_ns
        assert not keyboard.connected
        out.key(True, 60, 9)
        assert out.dropped == 1
        out.replug()
        wait_for(lambda: len(changes) == 2)
        assert changes[1].connected
        out.key(True, 62, 9)
        wait_for(lambda: len(received) == 1)
    assert received[0].pitch == 62


def test_closing_while_events_come_does_not_hang(out: MidiOut) -> None:
    stop = threading.Event()

    def fire() -> None:
        while not stop.wait(0.001):
            out.key(True, 60, 9)

    player = threading.Thread(target=fire)
    player.start()
    try:
        for _ in range(5):
            received: list[MidiEvent] = []
            with listen(received):
                wait_for(lambda: len(received) > 5)  # noqa: B023  ends within this round
    finally:
        stop.set()
        player.join()


def test_a_process_that_forgets_to_close_ends_all_the_same(out: MidiOut) -> None:
    code = (
        "from hardware.keyboard.port import MidiKeyboard\n"
        "import time\n"
        f"keyboard = MidiKeyboard({NAME!r}, 36, 49, lambda event: None)\n"
        "print('listening', flush=True)\n"
        "time.sleep(0.3)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        deadline_s = time.monotonic() + 30.0
        while process.poll() is None and time.monotonic() < deadline_s:
            out.key(True, 60, 9)
            time.sleep(0.001)
        process.kill()
    assert process.returncode == 0


def test_two_keyboards_of_one_name_are_named(out: MidiOut) -> None:
    with MidiOut(f"{NAME} II"), pytest.raises(KeyboardError, match="2 keyboards match") as caught:
        listen([])
    assert NAME in str(caught.value)
    assert f"{NAME} II" in str(caught.value)
    with MidiOut(f"{NAME} II") as second, listen([], f"{NAME} II") as keyboard:
        assert second.name in keyboard.port_name


def test_no_keyboard_tells_what_there_is(out: MidiOut) -> None:
    with pytest.raises(KeyboardError, match=r"no keyboard matches 'steinway'.*Test Keystation"):
        listen([], "steinway")
    out.unplug()
    with pytest.raises(KeyboardError, match="no keyboard matches"):
        listen([])


def test_ports_lists_what_is_plugged_in(out: MidiOut) -> None:
    assert any(NAME in name for name in ports())
    out.unplug()
    assert not any(NAME in name for name in ports())


def test_impossible_notes_are_not_sent(out: MidiOut) -> None:
    for pitch, velocity in ((128, 9), (-1, 9), (60, 0), (60, 128)):
        with pytest.raises(KeyboardError, match="no MIDI note"):
            out.key(True, pitch, velocity)


def test_the_bench_finds_nothing_missing() -> None:
    result = measure_midi(events=400, rate_hz=200.0)
    wrong = {name: result[name] for name in ("lost", "duplicated", "replaced", "disordered")}
    assert wrong == {"lost": 0, "duplicated": 0, "replaced": 0, "disordered": 0}
    p50 = result["stamp_ms_p50"]
    assert isinstance(p50, float)
    assert 0.0 < p50 < 50.0
