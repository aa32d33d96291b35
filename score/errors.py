"""The root of every error the project raises on purpose, and the errors of this package."""


class DaCapoError(Exception):
    """Something the user can act on; the message says what, where and what to do, in one line."""


class ScoreError(DaCapoError):
    """A score, goal, roll or performance that makes no sense."""


class MidiError(ScoreError):
    """A MIDI file that cannot be read or written."""
