"""Reading Standard MIDI Files into scores."""

import io
import re
import stat
from collections.abc import Callable
from itertools import pairwise
from os import PathLike
from pathlib import Path

import mido

from score.errors import MidiError, ScoreError
from score.midi_time import tick_clock
from score.midi_tracks import Content, read_tracks
from score.notes import Note, Pedal, Score, without_overlaps

MAX_BYTES = 2 * 1024 * 1024
"""Largest file read [bytes]; hours of recorded piano fit, and parsing stays within seconds."""

MAX_DURATION_S = 2 * 3600.0
"""Longest score read [s]."""

_TOO_LONG = f"lasts more than {MAX_DURATION_S / 3600:g} hours; cut it into shorter pieces"
_EXPORT_AGAIN = "export it again as a Standard MIDI File (.mid)"

# A number may run over any count of bytes above 0x7f, and mido's time for it grows with the square.
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{4096}")


def read_midi(path: str | PathLike[str]) -> Score:
    """Read a Standard MIDI File of format 0 or 1.

    All tracks and pitched channels become one score; channel 10 (drums) is ignored. Times follow
    the tempo events of all tracks, or the SMPTE division. A note-on with velocity 0 is a release.
    A new onset of a pitch ends the old note, notes never released end with the file, notes of no
    length are dropped. The sustain pedal (controller 64) is down while any channel holds it.

    Args:
        path: The file; its name without suffix becomes the score's name.

    Raises:
        MidiError: When the file cannot be read as music: missing, a folder, empty, damaged, cut
            short, of format 2, without notes, larger than 2 MiB, or longer than two hours.
    """
    path = Path(path)
    file = open_midi(path)
    try:
        content = read_tracks(file.tracks)
        clock = tick_clock(file.ticks_per_beat, content.tempos)
        return _score(path, content, clock)
    except OverflowError as error:
        raise MidiError(f"{_shown(path)} {_TOO_LONG}") from error
    except MidiError:
        raise
    except ScoreError as error:
        raise MidiError(f"{_shown(path)} is damaged: {error}; {_EXPORT_AGAIN}") from error


def open_midi(path: Path) -> mido.MidiFile:
    """Parse a Standard MIDI File of format 0 or 1.

    Raises:
        MidiError: It is missing, a folder, empty, damaged, cut short, of format 2 or too large.
    """
    return _parse(path, _read(path))


def _read(path: Path) -> bytes:
    """The bytes of the file, after the checks that need none of them."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise MidiError(f"{_shown(path)} is a folder; name a .mid file in it")
        if not stat.S_ISREG(found.st_mode):
            raise MidiError(f"{_shown(path)} is not a regular file; name a .mid file")
        if found.st_size > MAX_BYTES:
            raise MidiError(
                f"{_shown(path)} has {found.st_size} bytes, more than the {MAX_BYTES} that are "
                "read; is it really a MIDI file?"
            )
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except FileNotFoundError as error:
        raise MidiError(f"{_shown(path)} does not exist; check the path") from error
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise MidiError(f"cannot read {_shown(path)}: {reason}; check the path") from error
    except ValueError as error:
        raise MidiError(f"cannot read {_shown(path)}: {error}; check the path") from error


def _parse(path: Path, data: bytes) -> mido.MidiFile:
    if not data:
        raise MidiError(f"{_shown(path)} is empty; {_EXPORT_AGAIN}")
    if not data.startswith(b"MThd"):
        raise MidiError(f"{_shown(path)} is not a MIDI file (no MThd at its start); name a .mid")
    if _ENDLESS_NUMBER.search(data):
        raise MidiError(f"{_shown(path)} is damaged: a number never ends; {_EXPORT_AGAIN}")
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
    except EOFError as error:
        raise MidiError(
            f"{_shown(path)} is cut short: it ends within a track; copy it again"
        ) from error
    except Exception as error:  # mido lets through whatever its parser trips over
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise MidiError(f"{_shown(path)} is damaged: {reason}; {_EXPORT_AGAIN}") from error
    if file.type not in (0, 1):
        raise MidiError(f"{_shown(path)} has MIDI format {file.type}; export it as format 0 or 1")
    return file


def _score(path: Path, content: Content, clock: Callable[[int], float]) -> Score:
    notes = without_overlaps(_notes(content, clock))
    if not notes:
        only = " except drums (channel 10)" if content.drums else ""
        raise MidiError(f"{_shown(path)} holds no notes{only}; choose a file with a melody")
    if max(note.end_s for note in notes) > MAX_DURATION_S:
        raise MidiError(f"{_shown(path)} {_TOO_LONG}")
    return Score(path.stem, notes, _pedal(content, clock))


def _notes(content: Content, clock: Callable[[int], float]) -> list[Note]:
    timed = ((clock(note.start), clock(note.end), note) for note in content.notes)
    # A tick can be shorter than floating point resolves late in a long file: no length, no note.
    return [Note(note.pitch, on, off, note.velocity) for on, off, note in timed if on < off]


def _pedal(content: Content, clock: Callable[[int], float]) -> tuple[Pedal, ...]:
    """The movements of one pedal that is down while it is down in any channel."""
    held: set[int] = set()
    moves = [Pedal(0.0, False)]
    for tick, channel, value in sorted(content.pedal, key=lambda message: message[0]):
        (held.add if value >= 64 else held.discard)(channel)
        moves.append(Pedal(clock(tick), bool(held)))
    return tuple(move for before, move in pairwise(moves) if move.down != before.down)


def _shown(path: Path) -> str:
    """The path in quotes, on one line whatever is in it."""
    return repr(str(path))
