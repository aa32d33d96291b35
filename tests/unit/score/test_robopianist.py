"""Goals by RoboPianist's rules, bit for bit with the published code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from score import Score, ScoreError
from score.robopianist import Rolls, Sequence, load_goals, make_rolls, read_sequence, trimmed

DATA = Path(__file__).parents[2] / "data" / "robopianist_goals"
EXPECTED = dict(np.load(DATA / "expected.npz"))
SETTINGS: dict[str, dict[str, Any]] = {
    "load": {},
    "load_trim": {"trim": True},
    "stretch1.25": {"stretch": 1.25},
    "stretch1.25_trim": {"stretch": 1.25, "trim": True},
    "stretch0.8_trim": {"stretch": 0.8, "trim": True},
    "shift+3": {"shift": 3},
    "load_trim_buffer0.5": {"trim": True, "silence_s": 0.5},
    "from_file": {"shift": None},
}


def read(name: str) -> tuple[Sequence, Rolls]:
    """A file with the settings of a variant."""
    stem, variant = name.split("/")
    of = {"stretch": 1.0, "shift": 0, "trim": False, "silence_s": 0.0} | SETTINGS[variant]
    sequence = read_sequence(DATA / f"{stem}.mid")
    if of["shift"] is not None:
        sequence = sequence.stretched(of["stretch"]).transposed(of["shift"])
    if of["trim"]:
        sequence = trimmed(sequence)
    return sequence, make_rolls(sequence, of["silence_s"])


def expected(kind: str, counts: str) -> Iterator[NDArray[Any]]:
    """What is expected of each name, of one kind."""
    ends = np.cumsum(EXPECTED[counts])
    for end, count in zip(ends, EXPECTED[counts], strict=True):
        yield EXPECTED[kind][end - count : end]


def cases() -> Iterator[Any]:
    columns = (
        expected("notes", "n_notes"),
        expected("controls", "n_controls"),
        expected("keys", "n_steps"),
        expected("sustain", "n_steps"),
    )
    for name, *of_name in zip(EXPECTED["names"].tolist(), *columns, strict=True):
        yield pytest.param(name, *of_name, id=name)


@pytest.mark.parametrize(("name", "notes", "controls", "keys", "sustain"), list(cases()))
def test_reads_as_published(
    name: str,
    notes: NDArray[Any],
    controls: NDArray[Any],
    keys: NDArray[Any],
    sustain: NDArray[Any],
) -> None:
    sequence, rolls = read(name)
    found = [
        (n.start_s, n.end_s, n.pitch, n.velocity, n.is_drum, n.instrument) for n in sequence.notes
    ]
    np.testing.assert_array_equal(np.array(found).reshape(-1, 6), notes)
    moves = [(c.time_s, c.number, c.value, c.instrument) for c in sequence.controls]
    np.testing.assert_array_equal(np.array(moves).reshape(-1, 4), controls)
    np.testing.assert_array_equal(np.packbits(rolls.keys, axis=1), keys)
    np.testing.assert_array_equal(rolls.sustain, sustain)


@pytest.mark.parametrize("stretch", [0.0, -1.0, 1e9, float("nan"), float("inf")])
def test_refuses_times_that_no_song_has(stretch: float) -> None:
    """Before anything of such a length is made."""
    with pytest.raises(ScoreError, match=r"times cannot be|lasts more than"):
        load_goals("hot_cross_buns", stretch=stretch)


@pytest.mark.parametrize("name", EXPECTED["refused"].tolist())
def test_refuses_what_is_refused(name: str) -> None:
    with pytest.raises(ScoreError):
        read(name)


@pytest.mark.parametrize("stem", ["chords", "repeat_100ms_on_grid", "sustain_on_off", "trill"])
def test_goals_agree_with_their_rolls(stem: str) -> None:
    goals = load_goals(DATA / f"{stem}.mid")
    _, rolls = read(f"{stem}/load_trim")
    np.testing.assert_array_equal(goals.keys, rolls.keys)
    np.testing.assert_array_equal(goals.sustain, rolls.sustain)
    pressed = np.zeros_like(rolls.keys)
    for press in goals.presses:
        assert not pressed[press.start : press.end, press.key].any()
        pressed[press.start : press.end, press.key] = True
    np.testing.assert_array_equal(pressed, rolls.keys)
    assert isinstance(goals.score, Score)
    assert len(goals.score.notes) == len(goals.presses)


def test_refuses_a_tempo_of_nothing(tmp_path: Path) -> None:
    file = mido.MidiFile()
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=0)])
    file.tracks.append(track)
    file.save(tmp_path / "still.mid")
    with pytest.raises(ScoreError, match="tempo at tick 0"):
        load_goals(tmp_path / "still.mid")


def test_says_what_cannot_be_played(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="no note on 88 keys"):
        load_goals(DATA / "outside_88_keys.mid", shift=200, trim=False)
    with pytest.raises(ScoreError, match="does not exist"):
        load_goals(tmp_path / "none.mid")


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(p.name for p in DATA.glob("*.mid"))), data=st.data())
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray((DATA / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(14, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.mid"
    path.write_bytes(bytes(content[: data.draw(st.integers(20, len(content)))]))
    with contextlib.suppress(ScoreError):
        assert load_goals(path).n_steps > 0
