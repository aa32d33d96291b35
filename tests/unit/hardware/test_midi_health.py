"""Stuck keys and floods, by the events' own times."""

from hardware.keyboard.decode import MidiEvent, MidiKind
from hardware.keyboard.health import KeyboardHealth

S = 1_000_000_000


def event(time_s: float, down: bool, pitch: int = 60) -> MidiEvent:
    kind = MidiKind.NOTE_ON if down else MidiKind.NOTE_OFF
    return MidiEvent(round(time_s * S), 0.0, kind, pitch, 64 if down else 0)


def test_keys_are_followed() -> None:
    health = KeyboardHealth()
    for time_s, down, pitch in ((0.0, True, 64), (0.1, True, 60), (0.2, False, 64)):
        health.add(event(time_s, down, pitch))
    health.add(MidiEvent(S, 0.0, MidiKind.SUSTAIN, 64, 127))  # the pedal is no key
    assert health.keys_down() == (60,)
    assert health.complaints(S) == ()


def test_a_key_that_never_comes_up_is_stuck_until_it_does() -> None:
    health = KeyboardHealth(longest_press_s=3.0)
    health.add(event(1.0, True, 61))
    assert health.complaints(4 * S) == ()
    assert health.complaints(4 * S + 1) == ("key 61 has been down for too long: is it stuck?",)
    health.add(event(5.0, False, 61))
    assert health.complaints(6 * S) == ()


def test_a_lost_release_is_counted() -> None:
    health = KeyboardHealth()
    for time_s in (0.0, 0.5):
        health.add(event(time_s, True))
    assert health.restruck == 1
    assert health.keys_down() == (60,)


def test_a_flood_is_told_and_over_when_it_ends() -> None:
    health = KeyboardHealth()
    health.count(100, 100 * S)
    health.count(600, 101 * S)
    assert "over 400 MIDI messages in a second" in health.complaints(101 * S)[0]
    health.count(700, 102 * S)
    assert health.complaints(102 * S) == ()


def test_fast_music_is_no_flood() -> None:
    health = KeyboardHealth()
    for second in range(1, 10):
        health.count(160 * second, second * S)
        assert health.complaints(second * S) == ()
