"""Frame scores: the precision, recall and F1 of RoboPianist, control step by control step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from score.errors import ScoreError


@dataclass(frozen=True, slots=True)
class FrameScores:
    """Means over control steps, each from 0 to 1.

    Attributes:
        precision: Share of the keys down that were due; 1 in a step with no key down.
        recall: Share of the keys due that were down; 1 in a step with no key due.
        f1: Mean of the steps' F1, not the F1 of the two means; 1 in a step of silence kept.
    """

    precision: float
    recall: float
    f1: float


def frame_scores(target: NDArray[np.bool_], played: NDArray[np.bool_]) -> FrameScores:
    """Score a played roll against a target roll as RoboPianist does.

    In a step with `tp` keys both due and down, precision is `tp / played`, recall `tp / due` and
    F1 `2 tp / (due + played)`; a fraction 0/0 counts 1. Source: RoboPianist's
    `MidiEvaluationWrapper` (scikit-learn's scores per step with `zero_division=1`, averaged).

    Args:
        target: Boolean `[T, n_keys]`, the keys due.
        played: Boolean `[T, n_keys]`, the keys down. An episode that was stopped early may have
            fewer rows; it is scored over the rows it has, as RoboPianist does.

    Raises:
        ScoreError: When the rolls do not fit together or hold no row.
    """
    target, played = np.asarray(target, np.bool_), np.asarray(played, np.bool_)
    _require_fit(target, played)
    due, down, both = _counts(target[: len(played)], played)
    return FrameScores(
        precision=float(np.mean(_ratio(both, down))),
        recall=float(np.mean(_ratio(both, due))),
        f1=float(np.mean(_ratio(2 * both, due + down))),
    )


def do_nothing_f1(target: NDArray[np.bool_]) -> float:
    """Frame F1 of a hand that never moves: the share of silent steps."""
    return frame_scores(target, np.zeros_like(target)).f1


def _require_fit(target: NDArray[np.bool_], played: NDArray[np.bool_]) -> None:
    fits = target.ndim == played.ndim == 2 and target.shape[1:] == played.shape[1:]
    if not fits or not 1 <= len(played) <= len(target):
        raise ScoreError(
            f"target {list(target.shape)} and played {list(played.shape)} cannot be compared; "
            "both must be rolls [T, n_keys] of one song on one keyboard, with at least one row"
        )


def _counts(
    target: NDArray[np.bool_], played: NDArray[np.bool_]
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]:
    """Keys due, down, and both in each step, three arrays `[T]`."""
    return (
        np.count_nonzero(target, axis=1),
        np.count_nonzero(played, axis=1),
        np.count_nonzero(target & played, axis=1),
    )


def _ratio(part: NDArray[np.int_], whole: NDArray[np.int_]) -> NDArray[np.float64]:
    """`part / whole`, and 1 where `whole` is 0."""
    return np.divide(part, whole, out=np.ones(len(whole)), where=whole > 0)
