"""Frame scores: RoboPianist's numbers, and the rules behind them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from score import ScoreError, frame_scores
from tests.unit.score.strategies import roll_pairs

DATA = Path(__file__).parents[2] / "data"
CASES = json.loads((DATA / "metrics_cases.json").read_text())["cases"]
ROLLS = np.load(DATA / "metrics_cases.npz")


def test_equal_to_robopianist_on_every_golden_case() -> None:
    assert len(CASES) == 75
    for case in CASES:
        target, played = ROLLS[f"{case['id']}_target"], ROLLS[f"{case['id']}_played"]
        scores = frame_scores(target, played)
        expected = [case["precision"], case["recall"], case["f1"]]
        assert [scores.precision, scores.recall, scores.f1] == pytest.approx(
            expected, rel=0, abs=1e-12
        ), case["name"]


def test_the_golden_cases_include_an_episode_stopped_early() -> None:
    assert any(case["T_played"] < case["T_target"] for case in CASES)


@pytest.mark.parametrize(
    ("due", "down", "expected"),
    [
        ([], [], (1.0, 1.0, 1.0)),
        ([], [0], (0.0, 1.0, 0.0)),
        ([0], [], (1.0, 0.0, 0.0)),
        ([0], [1], (0.0, 0.0, 0.0)),
        ([0, 1], [1, 2], (0.5, 0.5, 0.5)),
        ([0], [0, 1, 2], (1 / 3, 1.0, 0.5)),
    ],
)
def test_one_step(due: list[int], down: list[int], expected: tuple[float, float, float]) -> None:
    target, played = np.zeros((1, 3), bool), np.zeros((1, 3), bool)
    target[0, due], played[0, down] = True, True
    scores = frame_scores(target, played)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx(expected)


@given(roll_pairs())
def test_swapping_the_rolls_swaps_precision_and_recall(
    rolls: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    forth, back = frame_scores(*rolls), frame_scores(*reversed(rolls))
    assert (forth.precision, forth.recall, forth.f1) == (back.recall, back.precision, back.f1)
    assert 0.0 <= forth.f1 <= 1.0


@given(roll_pairs())
def test_only_the_target_itself_is_perfect(
    rolls: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    target, played = rolls
    assert frame_scores(target, target).f1 == 1.0
    assert (frame_scores(target, played).f1 == 1.0) == np.array_equal(target, played)


@pytest.mark.parametrize(
    ("target", "played"), [((4, 3), (5, 3)), ((4, 3), (4, 2)), ((4,), (4,)), ((0, 3), (0, 3))]
)
def test_rolls_that_do_not_fit_are_refused(
    target: tuple[int, ...], played: tuple[int, ...]
) -> None:
    with pytest.raises(ScoreError, match="cannot be compared"):
        frame_scores(np.zeros(target, bool), np.zeros(played, bool))
