"""Which policy a row of the loop's table shows, and what that had learned from."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.sim2real_tables import after, behind, difference, paired, robot_time_s

CLOSED = "the real performances are as good as the simulated ones"
"""As the kept results say it."""


def summary(f1: list[float], final: float, stopped: str, **told: bool) -> dict[str, Any]:
    """Of a loop over one song: 46 s of excitation, every round 160 s, the last fit accepted."""
    rounds = [
        {"f1": {"song": [mean - 0.01, mean + 0.01]}, "robot_time_s": 160.0, "accepted": True}
        for mean in f1
    ]
    rounds[0]["robot_time_s"] = 206.0  # the excitation is of the first
    return {
        "excitation": {"robot_time_s": 46.0},
        "rounds": rounds,
        "stopped": stopped,
        "final": {"songs": {"song": {"mean_f1": final}}},
        **told,
    }


ONE_POLICY = summary([0.97], 0.98, CLOSED)
"""Closed after a round, not trained again, and from before summaries said so."""
TWO_POLICIES = summary([0.95, 0.97], 0.98, CLOSED)
RETRAINED = summary([0.95], 0.98, CLOSED, final_trained=True)
"""The same trained again, as its summary says."""


@pytest.mark.parametrize(
    ("of", "f1", "learned_from_s"),
    [
        (ONE_POLICY, [0.98, 0.98, 0.98, 0.98], [46.0, 46.0, 46.0, 46.0]),
        (TWO_POLICIES, [0.95, 0.98, 0.98, 0.98], [46.0, 206.0, 206.0, 206.0]),
        (RETRAINED, [0.95, 0.98, 0.98, 0.98], [46.0, 206.0, 206.0, 206.0]),
    ],
)
def test_a_row_shows_the_policy_trained_last(
    of: dict[str, Any], f1: list[float], learned_from_s: list[float]
) -> None:
    assert [after(of, rounds)["song"] for rounds in range(4)] == pytest.approx(f1)
    assert [robot_time_s(of, rounds) for rounds in range(4)] == learned_from_s


def test_without_a_word_of_it_a_loop_that_goes_on_trained_in_the_end() -> None:
    ended = summary([0.95, 0.96, 0.97], 0.98, "all rounds are done")
    assert [behind(ended, rounds) for rounds in range(5)] == [0, 1, 2, 3, 3]
    assert robot_time_s(ended, 3) == 526.0


def test_a_rejected_last_fit_trains_nothing() -> None:
    rejected = summary([0.95, 0.97], 0.98, "all rounds are done")
    rejected["rounds"][-1]["accepted"] = False
    assert [behind(rejected, rounds) for rounds in range(3)] == [0, 1, 1]


def test_the_word_of_a_summary_counts_before_what_ended_it() -> None:
    untrained = summary([0.95, 0.97], 0.98, "all rounds are done", final_trained=False)
    assert robot_time_s(untrained, 3) == 206.0


def test_worlds_with_the_same_policy_say_nothing_about_a_difference() -> None:
    loops = [ONE_POLICY, TWO_POLICIES, RETRAINED]
    first = [after(of, 0)["song"] for of in loops]
    final = [after(of, 3)["song"] for of in loops]
    assert paired(first, final) == ""
    assert paired([0.9] * 20 + first, [0.9] * 20 + final) == ""


def test_six_worlds_that_differ_are_tested_and_equal_ones_left_out() -> None:
    lower = [0.90, 0.91, 0.92, 0.93, 0.94, 0.95]
    higher = [0.95, 0.95, 0.95, 0.95, 0.96, 0.96]
    assert paired(lower, higher) == "0.0312"
    assert paired([*lower, 0.9, 0.9], [*higher, 0.9, 0.9]) == "0.0312"
    assert paired(lower[1:], higher[1:]) == ""


def test_sets_of_parameters_are_compared_in_worlds_of_both() -> None:
    assert difference({14: 0.90, 15: 0.95, 16: 0.10}, {14: 0.98, 15: 0.97, 17: 0.99}) == (
        "-0.0500 (-0.0800 to -0.0200) in 2"
    )
    assert difference({14: 0.90}, {15: 0.97}) == ""
