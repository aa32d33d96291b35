"""What a loop says of itself, from steps that were noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calibration.loop import Place, Setup, iterate
from calibration.loop.progress import Progress
from calibration.loop.state import State
from score import Note, Score, write_midi

PLAYED = {
    "recording": "somewhere/recording",
    "frame_f1": 0.5,
    "note_f1_50ms": 0.5,
    "note_f1_100ms": 0.5,
    "wrong_keys": 0,
    "onset_error_ms": 10.0,
    "robot_time_s": 20.0,
}
REJECTED = {
    "file": "round-1/fit/parameters.rejected.yaml",
    "accepted": False,
    "heldout": {"before": 1.0, "after": 2.0},
    "identifiable": [],
    "on_bound": ["keyboard_z_m"],
    "left_out": ["round-1/plays/two-1"],
    "state_delay_s": 0.02,
    "trials": 16,
}


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    song = tmp_path / "two.mid"
    write_midi(Score("two", (Note(60, 0.0, 0.4), Note(64, 0.5, 0.9)), ()), song)
    nowhere = Place("real", lambda *_: pytest.fail("played"), lambda: "same")
    return Setup.of([str(song)], "leap_rail_49", nowhere, rounds=1)


def test_a_rejected_fit_changes_nothing_that_is_believed(setup: Setup, tmp_path: Path) -> None:
    steps: dict[str, dict[str, Any]] = {
        "excitation/make": {"song": "motion.mid", "bundle": "motion.npz"},
        "excitation/plays/excitation-1": PLAYED,
        "excitation/fit": {**REJECTED, "left_out": []},
        "round-1/train/two": {"bundle": "two.npz"},
        **{f"round-1/plays/two-{take}": PLAYED for take in (1, 2)},
        "round-1/fit": REJECTED,
        "round-1/simulated": {"two": 0.9},
        **{f"final/plays/two-{take}": PLAYED for take in (1, 2, 3)},
    }
    folder = tmp_path / "loop"
    with State(folder, setup.facts(), resume=False) as state:
        for name, result in steps.items():
            state.once(name, lambda result=result: result)  # type: ignore[misc]
    came: list[str] = []

    def show(progress: Progress) -> None:
        if progress.ended:
            came.append(f"{progress.stage}: {progress.note}")

    summary = iterate(setup, folder, resume=True, on_progress=show)
    assert came == [
        "round 1: frame F1 0.500, gap +0.400 ± 0.000, 60 robot s",
        "final: frame F1 0.500; all rounds are done",
    ]
    (told,) = summary["rounds"]
    assert told["state_delay_s"] == 0.0
    assert told["parameters"]["command_delay_s"] == 0.0
    assert told["intervals"] == {}
    assert told["heldout"] == REJECTED["heldout"]  # of the fit that was tried
    assert told["left_out"] == REJECTED["left_out"]
    assert summary["stopped"] == "all rounds are done"
    assert not summary["final_trained"]
