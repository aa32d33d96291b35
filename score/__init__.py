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
from score.note_scores import note_f1
from score.notes import Note, Pedal, Score
from score.onsets import matched_onsets, tempo_ratio
from score.performance import FrameReport, LoopTiming, NoteReport, OnsetError, Performance
from score.scoring import score_performance, wrong_keys
from score.shift import best_shift

__all__ = [
    "CONTROL_STEP_S",
    "LOOKAHEAD",
    "DaCapoError",
    "FrameReport",
    "FrameScores",
    "Goals",
    "Hold",
    "KeyEvent",
    "LoopTiming",
    "MidiError",
    "Note",
    "NoteReport",
    "OnsetError",
    "Pedal",
    "Performance",
    "Press",
    "Score",
    "ScoreError",
    "best_shift",
    "events_of_score",
    "frame_scores",
    "holds_of_events",
    "make_goals",
    "matched_onsets",
    "note_f1",
    "notes_of_events",
    "performance_score",
    "roll_of_events",
    "score_performance",
    "tempo_ratio",
    "wrong_keys",
]
