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
    since_zero,
)
from score.files import write_whole
from score.frames import FrameScores, do_nothing_f1, frame_scores
from score.goals import Goals, Press, make_goals
from score.grid import CONTROL_STEP_S, LOOKAHEAD
from score.library import load_song, song_names
from score.limits import PlayingLimits, pitch_name
from score.lint import Finding, best_transposition, lint, pitches_without_key
from score.locks import try_lock
from score.midi_read import read_midi
from score.midi_write import write_midi
from score.note_scores import note_f1
from score.notes import Note, Pedal, Score
from score.onsets import matched_onsets, tempo_ratio
from score.performance import FrameReport, LoopTiming, NoteReport, OnsetError, Performance
from score.scoring import pedal_f1, score_performance, wrong_keys
from score.shift import best_shift

__all__ = [
    "CONTROL_STEP_S",
    "LOOKAHEAD",
    "DaCapoError",
    "Finding",
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
    "PlayingLimits",
    "Press",
    "Score",
    "ScoreError",
    "best_shift",
    "best_transposition",
    "do_nothing_f1",
    "events_of_score",
    "frame_scores",
    "holds_of_events",
    "lint",
    "load_song",
    "make_goals",
    "matched_onsets",
    "note_f1",
    "notes_of_events",
    "pedal_f1",
    "performance_score",
    "pitch_name",
    "pitches_without_key",
    "read_midi",
    "roll_of_events",
    "score_performance",
    "since_zero",
    "song_names",
    "tempo_ratio",
    "try_lock",
    "write_midi",
    "write_whole",
    "wrong_keys",
]
