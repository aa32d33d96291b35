"""Scores, goals and performances: what should be played, and how well it was."""

from score.errors import DaCapoError, MidiError, ScoreError
from score.events import (
    Hold,
    KeyEvent,
    events_of_score,
    holds_of_events,
    notes_of_events,
    performance_score,
    roll_of_events,
)
from score.frames import FrameScores, frame_scores
from score.goals import Goals, Press, make_goals
from score.grid import CONTROL_STEP_S, LOOKAHEAD
from score.notes import Note, Pedal, Score

__all__ = [
    "CONTROL_STEP_S",
    "LOOKAHEAD",
    "DaCapoError",
    "FrameScores",
    "Goals",
    "Hold",
    "KeyEvent",
    "MidiError",
    "Note",
    "Pedal",
    "Press",
    "Score",
    "ScoreError",
    "events_of_score",
    "frame_scores",
    "holds_of_events",
    "make_goals",
    "notes_of_events",
    "performance_score",
    "roll_of_events",
]
