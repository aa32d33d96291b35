"""The loop in numbers: what `summary.json` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calibration.loop.setup import Setup
from calibration.loop.state import Facts
from calibration.recordings import own_versions

Played = Mapping[str, Sequence[Facts]]
"""What came of every performance, by song."""


def summarise(
    setup: Setup,
    *,
    excited: Facts,
    rounds: Sequence[Facts],
    final: Played,
    stopped: str,
    final_trained: bool,
    robot_time_s: float,
) -> Facts:
    """Everything there is to say, baselines apart; JSON values.

    Args:
        setup: What shaped the loop.
        excited: What the excitation gave.
        rounds: What every round gave.
        final: The final performances.
        stopped: Why there were no more rounds.
        final_trained: Whether songs were trained once more after the last one.
        robot_time_s: Of excitation and rounds; the final scoring is counted apart [s].
    """
    return {
        "songs": [song.name for song in setup.songs],
        "rig": setup.model.rig.name,
        "mode": setup.place.mode,
        "worlds": [setup.place.world] if setup.place.world else [],
        "excitation": excited,
        "rounds": [_round(facts) for facts in rounds],
        "stopped": stopped,
        "final_trained": final_trained,
        "final": scores_of(final),
        "robot_time_s": round(robot_time_s, 3),
        "final_robot_time_s": round(_sum(final, "robot_time_s"), 3),
        "baselines": None,
        "versions": own_versions(),
    }


def scores_of(played: Played) -> Facts:
    """Of the final performances, the loop's or a baseline's."""
    return {
        "mean_f1": mean_of(played, "frame_f1"),
        "note_f1_50ms": mean_of(played, "note_f1_50ms"),
        "songs": {song: _song(plays) for song, plays in played.items()},
        "trials": len(next(iter(played.values()))),
    }


def mean_of(played: Played, name: str) -> float:
    """Mean of a score over songs, each the mean of its performances."""
    return float(np.mean([np.mean([p[name] for p in plays]) for plays in played.values()]))


def never_hit(played: Played) -> list[str]:
    """Songs without a single note within 100 ms of its time."""
    return [song for song, plays in played.items() if _unheard(plays)]


def _unheard(plays: Sequence[Facts]) -> bool:
    return all(play["note_f1_100ms"] == 0.0 for play in plays)


def _song(plays: Sequence[Facts]) -> Facts:
    return {
        "mean_f1": float(np.mean([play["frame_f1"] for play in plays])),
        "f1": [play["frame_f1"] for play in plays],
        "note_f1_50ms": float(np.mean([play["note_f1_50ms"] for play in plays])),
        "wrong_keys": [play["wrong_keys"] for play in plays],
        "onset_error_ms": [play["onset_error_ms"] for play in plays],
        "never_hit": _unheard(plays),
    }


def _round(facts: Facts) -> dict[str, Any]:
    played: Played = facts["played"]
    return {
        "round": facts["round"],
        "f1": {song: [play["frame_f1"] for play in plays] for song, plays in played.items()},
        "mean_f1": mean_of(played, "frame_f1"),
        "note_f1_50ms": mean_of(played, "note_f1_50ms"),
        "never_hit": never_hit(played),
        **{name: value for name, value in facts.items() if name not in ("round", "played")},
    }


def _sum(played: Played, name: str) -> float:
    return float(sum(play[name] for plays in played.values() for play in plays))
