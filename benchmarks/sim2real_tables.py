"""The tables of docs/sim2real2sim.md, of what ``benchmarks.sim2real`` measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from benchmarks.cells import KEPT, ROOT, SONGS, fill, kept, spread, table
from benchmarks.drawn_worlds import RIG, world_file
from calibration.loop import Effort
from calibration.loop.baselines import OPEN_LOOP, ORACLE, RANDOMISED, STATIC
from calibration.loop.decision import CLOSED
from hardware.world import load_world
from hardware.world.physics import true_parameters
from sim import Rig, load_rig

PAGE = ROOT / "docs" / "sim2real2sim.md"
RESULTS = KEPT / "sim2real"
FEWEST = 6
"""Worlds that must differ for a test: with fewer, no differences bring its p below 0.05."""


def loops() -> dict[int, dict[str, Any]]:
    """What is kept of the loops, by world."""
    paths = sorted((RESULTS / "loop").glob("*.json"))
    return {int(path.stem): kept(path, dict) for path in paths}


def final_trained(summary: Mapping[str, Any]) -> bool:
    """Whether the final policy was trained after the last round.

    Summaries did not always say. Those that do not are of loops that trained again unless the gap
    was closed or the last fit was rejected.
    """
    if "final_trained" in summary:
        return bool(summary["final_trained"])
    return bool(summary["rounds"][-1]["accepted"]) and summary["stopped"] != CLOSED


def retrainings(summary: Mapping[str, Any]) -> int:
    """How often the final policy was trained again: as many rounds lie before its last training.

    Its first training follows the excitation, every later one a round.
    """
    return len(summary["rounds"]) - (not final_trained(summary))


def behind(summary: Mapping[str, Any], rounds: int) -> int:
    """Rounds before the last training of the policy that a loop had after so many rounds."""
    return min(rounds, retrainings(summary))


def after(summary: Mapping[str, Any], rounds: int) -> Mapping[str, float]:
    """F1 by song of the policy that so many rounds led to.

    The final scoring where it is the final policy, so that one policy has one score in all rows;
    another one first played in the round after its training.
    """
    trained = behind(summary, rounds)
    if trained < retrainings(summary):
        played = summary["rounds"][trained]["f1"]
        return {song: float(np.mean(f1)) for song, f1 in played.items()}
    return {song: of["mean_f1"] for song, of in summary["final"]["songs"].items()}


def baseline(summary: Mapping[str, Any], name: str) -> Mapping[str, float]:
    """F1 by song of a baseline; empty where none was measured."""
    if summary["baselines"] is None:
        return {}
    return {song: of["mean_f1"] for song, of in summary["baselines"][name]["songs"].items()}


LEARNED = {
    "after the excitation alone": 0,
    "loop, 1 round": 1,
    "loop, 2 rounds": 2,
    "loop, 3 rounds": 3,
}
"""Rounds behind the rows of the loop."""

ROWS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, float]]] = {
    "plan, open loop": partial(baseline, name=OPEN_LOOP),
    "static simulator": partial(baseline, name=STATIC),
    "randomised only": partial(baseline, name=RANDOMISED),
    **{row: partial(after, rounds=rounds) for row, rounds in LEARNED.items()},
    "oracle": partial(baseline, name=ORACLE),
}


def means(row: str) -> dict[int, float]:
    """Mean over songs by world."""
    played = {number: ROWS[row](summary) for number, summary in loops().items()}
    return {number: float(np.mean(list(f1.values()))) for number, f1 in played.items() if f1}


def f1_rows() -> Iterator[list[str]]:
    """Per row: whose policies, every song over worlds, the mean, and the test against the end."""
    final = means("loop, 3 rounds")
    for row, of in ROWS.items():
        played = [f1 for summary in loops().values() if (f1 := of(summary))]
        if not played:
            continue
        songs = [spread([by_song[song] for by_song in played]) for song in SONGS]
        mean = means(row)
        against = paired(list(mean.values()), [final[number] for number in mean])
        facts = [str(len(played)), used(row), changed(row)]
        yield [row, *facts, *songs, spread(list(mean.values())), against]


def used(row: str) -> str:
    """Robot time that the policies of a row had learned from, mean over worlds [s]."""
    if row not in LEARNED:
        return ""
    each = [robot_time_s(summary, LEARNED[row]) for summary in loops().values()]
    return f"{np.mean(each):.0f}"


def changed(row: str) -> str:
    """In how many worlds a row of rounds has another policy than the row above it."""
    rounds, summaries = LEARNED.get(row, 0), loops().values()
    if rounds == 0:
        return ""
    others = sum(behind(of, rounds) != behind(of, rounds - 1) for of in summaries)
    return f"{others} of {len(summaries)}"


def robot_time_s(summary: Mapping[str, Any], rounds: int) -> float:
    """What was recorded before the last training of the policy that so many rounds led to."""
    trained = behind(summary, rounds)
    if trained == 0:
        return float(summary["excitation"]["robot_time_s"])
    return float(sum(facts["robot_time_s"] for facts in summary["rounds"][:trained]))


def paired(values: Sequence[float], final: Sequence[float]) -> str:
    """Two-sided p of Wilcoxon's signed-rank test over the worlds that differ, if enough do."""
    differences = np.subtract(values, final)
    differences = differences[differences != 0.0]
    return f"{wilcoxon(differences).pvalue:.3g}" if len(differences) >= FEWEST else ""


def training_told() -> str:
    """How long the policies of the table were trained: not all of them equally long."""
    effort, longer = Effort(), dict[int, list[str]]()
    for number, summary in loops().items():
        longer.setdefault(retrainings(summary), []).append(str(number))
    longer.pop(0, None)
    told = [
        f"{effort.training_steps + times * effort.retraining_steps:,} (worlds {', '.join(numbers)})"
        for times, numbers in sorted(longer.items())
    ]
    return (
        f"Training is unequal: baselines and the loop's first policies train for"
        f" {effort.training_steps:,} control steps a song, and every later training of the loop"
        f" adds {effort.retraining_steps:,}, so that its final policies had"
        f" {', '.join(told) or 'no more in any world'}."
    )


def robot_rows() -> Iterator[list[str]]:
    """Per world: what it took, and what it came to."""
    for number, summary in loops().items():
        rounds = summary["rounds"]
        yield [
            str(number),
            str(len(rounds)),
            f"{summary['robot_time_s']:.0f}",
            f"{robot_time_s(summary, len(rounds)):.0f}",
            ", ".join(f"{facts['wall_s']:.0f}" for facts in rounds),
            ", ".join(f"{facts['mean_f1']:.3f}" for facts in rounds),
            f"{rounds[-1]['gap']['mean']:+.3f} ± {rounds[-1]['gap']['half_width']:.3f}",
            f"{summary['final']['mean_f1']:.3f}",
            f"{summary['final']['note_f1_50ms']:.3f}",
        ]


def recovery_rows(rig: Rig) -> Iterator[list[str]]:
    """Per parameter: how far the last fits are off, and how often the truth is in the interval."""
    errors: dict[str, list[tuple[float, bool]]] = {}
    for number, summary in loops().items():
        truth = true_parameters(rig, load_world(world_file(number))).values
        last = summary["rounds"][-1]
        for name, (low, high) in last["intervals"].items():
            error = last["parameters"][name] - truth[name]
            errors.setdefault(name, []).append((error, low <= truth[name] <= high))
    for name, found in errors.items():
        size = float(np.median([abs(error) for error, _ in found]))
        inside = sum(held for _, held in found)
        yield [f"`{name}`", f"{size:.3g}", f"{inside} of {len(found)}"]


def ablated(index: int) -> dict[int, dict[str, Any]]:
    """What is kept of the loops that fit one set of parameters, by world."""
    paths = sorted((RESULTS / "ablation").glob(f"{index}-*.json"))
    return {int(path.stem.partition("-")[2]): kept(path, dict) for path in paths}


def ablation_rows(labels: Sequence[str]) -> Iterator[list[str]]:
    """Per set of fitted parameters: F1 over its worlds, and how it differs from the last set."""
    loops_of = {label: ablated(index) for index, label in enumerate(labels)}
    scores = {
        label: {number: float(of["final"]["mean_f1"]) for number, of in found.items()}
        for label, found in loops_of.items()
    }
    for label, found in loops_of.items():
        songs = sorted({len(summary["songs"]) for summary in found.values()})
        f1 = spread(list(scores[label].values())) if found else ""
        short = "" if label == labels[-1] else difference(scores[label], scores[labels[-1]])
        yield [label, str(len(found)), ", ".join(map(str, songs)), f1, short]


def difference(scores: Mapping[int, float], full: Mapping[int, float]) -> str:
    """Mean and range of the differences in the worlds that both have, and how many these are."""
    each = [scores[number] - full[number] for number in scores if number in full]
    if not each:
        return ""
    return f"{np.mean(each):+.4f} ({min(each):+.4f} to {max(each):+.4f}) in {len(each)}"


def report(fitted: Sequence[str]) -> None:
    """Write the page's tables from what is kept.

    Args:
        fitted: names of the sets of the ablation, in order.
    """
    if loops():
        columns = ["", "worlds", "robot time [s]", "another policy than the row above"]
        columns += [*SONGS, "mean", "p against 3 rounds"]
        fill("loop", f"{table(columns, f1_rows())}\n\n{training_told()}", PAGE)
        columns = ["world", "rounds", "robot time [s]", "learned from [s]", "compute a round [s]"]
        columns += ["F1 of the rounds", "gap, last round", "final F1", "final note F1"]
        fill("robot", table(columns, robot_rows()), PAGE)
        columns = ["parameter", "median error", "truth in the interval"]
        fill("recovery", table(columns, recovery_rows(load_rig(RIG))), PAGE)
    if any((RESULTS / "ablation").glob("*.json")):
        columns = ["fitted", "worlds", "songs", "final F1"]
        columns += [f"minus *{fitted[-1]}* in the worlds of both: mean (range)"]
        fill("ablation", table(columns, ablation_rows(fitted)), PAGE)
