"""Writing scores as Standard MIDI Files."""

import io
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path

import mido

from score.errors import MidiError
from score.files import write_whole
from score.midi_tracks import SUSTAIN
from score.notes import Note, Score, without_overlaps

TICKS_PER_S = 1000
"""A tick is a millisecond, so that control and physics steps are whole ticks."""


def write_midi(score: Score, path: str | PathLike[str], quarter_s: float = 0.5) -> None:
    """Write a score as a MIDI file of format 0; a file of that name is replaced.

    Times are kept to the nearest millisecond; notes last at least one, and a new onset of a pitch
    ends the old note.

    Args:
        score: What to write.
        path: Where; written under a temporary name first, so there is never half a file.
        quarter_s: Length of a quarter note [s], 0.001 to 16: for those who read the file as
            notation; it does not change when anything sounds.

    Raises:
        MidiError: When the tempo is out of range or the file cannot be written.
    """
    path = Path(path)
    ticks_per_quarter = round(quarter_s * TICKS_PER_S)
    if not 1 <= ticks_per_quarter <= 16_000:
        raise MidiError(f"a quarter note of {quarter_s} s cannot be written; use 0.001 to 16 s")
    data = _encode(score, ticks_per_quarter)
    try:
        write_whole(path, data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MidiError(f"cannot write {str(path)!r}: {reason}; choose another folder") from error


def _encode(score: Score, ticks_per_quarter: int) -> bytes:
    tempo_us = ticks_per_quarter * 1_000_000 // TICKS_PER_S
    name = score.name.encode("utf-8", "replace").decode("utf-8")
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=name))
    track.append(mido.MetaMessage("set_tempo", tempo=tempo_us))
    tick = 0
    for at, message in _timed(score):
        track.append(message.copy(time=at - tick))
        tick = at
    file = mido.MidiFile(type=0, ticks_per_beat=ticks_per_quarter, charset="utf-8", tracks=[track])
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _timed(score: Score) -> Iterable[tuple[int, mido.Message]]:
    """All messages with their ticks, in time; on one tick releases, then pedal, then onsets."""
    timed = []
    for move in score.pedal:
        value = 127 if move.down else 0
        message = mido.Message("control_change", control=SUSTAIN, value=value)
        timed.append((_tick(move.time_s), 1, message))
    for note in without_overlaps(_on_ticks(note) for note in score.notes):
        onset = mido.Message("note_on", note=note.pitch, velocity=note.velocity)
        timed.append((_tick(note.start_s), 2, onset))
        release = mido.Message("note_off", note=note.pitch, velocity=0)
        timed.append((_tick(note.end_s), 0, release))
    timed.sort(key=lambda entry: entry[:2])
    return ((at, message) for at, _, message in timed)


def _on_ticks(note: Note) -> Note:
    """The note moved to whole ticks, at least one long."""
    start, end = _tick(note.start_s), _tick(note.end_s)
    return replace(note, start_s=start / TICKS_PER_S, end_s=max(end, start + 1) / TICKS_PER_S)


def _tick(time_s: float) -> int:
    return round(time_s * TICKS_PER_S)
