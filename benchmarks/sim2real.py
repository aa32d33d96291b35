"""Measure the loop on worlds that nobody tuned anything for; fills docs/sim2real2sim.md.

    python -m benchmarks.sim2real loop                 # 8 drawn worlds, four songs, baselines
    python -m benchmarks.sim2real loop --world 14 --world 15
    python -m benchmarks.sim2real ablation             # what is fitted: 4 worlds, two songs
    python -m benchmarks.sim2real report               # only write the page again

Worlds are drawn from ranges that cover worn, cheap and badly placed rigs; their files lie in
``runs/benchmarks/sim2real/``. Every loop is a ``dacapo iterate`` that is taken up where it was
stopped, and what it found is kept in ``benchmarks/results/sim2real/``. The unit of analysis is the
world: intervals and tests are over worlds, never over trials.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.stats import wilcoxon

from benchmarks.cells import KEPT, ROOT, RUNS, SONGS, fill, kept, spread, table
from calibration.loop import Effort, Setup, iterate, virtual_place
from calibration.loop.baselines import RANDOMISED, STATIC
from calibration.residuals import FREE, STATE_DELAY
from hardware.world import World, load_world
from hardware.world.physics import true_parameters
from score import DaCapoError, write_whole
from sim import Rig, build_model, load_rig

PAGE = ROOT / "docs" / "sim2real2sim.md"
RIG = "leap_rail_49"
WORLDS = range(14, 22)
"""Numbers of the worlds; those below were looked at when choices were made."""
ABLATED_WORLDS = WORLDS[:4]
ABLATED_SONGS = SONGS[1:3]
SEED = 41_000

FITTED: Mapping[str, Sequence[str]] = {
    "friction, stiffness, gains": (
        "finger_frictionloss_nm",
        "finger_damping_nms_per_rad",
        "finger_stiffness_nm_per_rad",
        "rail_friction_n",
        "rail_stiffness_n_per_m",
        "rail_gain_damping_ns_per_m",
    ),
    "and the keyboard's pose": ("keyboard_x_m", "keyboard_y_m", "keyboard_z_m", "keyboard_yaw_rad"),
    "and delays": ("command_delay_s", STATE_DELAY),
    "all": FREE,
}
"""Sets that are fitted in the ablation; each of the first three has those before it too."""


def draw_world(number: int) -> dict[str, Any]:
    """A world drawn evenly from the ranges of docs/sim2real2sim.md, as its file says it.

    A draw whose keys would not come back, or rest pressed, is drawn again.
    """
    for attempt in range(100):
        rng = np.random.default_rng([SEED, number, attempt])
        drawn = _draw(rng, number)
        world = World.model_validate(drawn)
        try:
            true_parameters(load_rig(RIG), world).apply(build_model(load_rig(RIG)))
        except DaCapoError:
            continue
        return drawn
    raise SystemExit(f"no playable world {number} in a hundred draws")


def _draw(rng: np.random.Generator, number: int) -> dict[str, Any]:
    def u(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 6)

    trigger = u(0.45, 0.75)
    return {
        "schema": 1,
        "name": f"drawn-{number}",
        "seed": int(rng.integers(2**31)),
        "hand": {
            "frictionloss_scale": u(0.6, 3.0),
            "damping_scale": u(0.7, 1.8),
            "armature_scale": u(0.8, 1.5),
            "stiffness_scale": u(0.65, 1.3),
            "gain_damping_scale": u(0.7, 1.4),
            "stribeck": u(0.0, 0.5),
            "backlash_rad": u(0.0, 0.012),
            "torque_limit_scale": u(0.8, 1.0),
            "offset_std_rad": u(0.0, 0.015),
        },
        "rail": {
            "frictionloss_scale": u(0.7, 2.5),
            "stiffness_scale": u(0.8, 1.2),
            "backlash_m": u(0.0, 0.0008),
        },
        "keyboard": {
            "offset_m": [u(-0.003, 0.003) for _ in range(3)],
            "yaw_rad": u(-0.008, 0.008),
            "stiffness_scale": u(0.7, 2.2),
            "damping_scale": u(0.7, 1.6),
            "friction_nm": u(0.0, 0.004),
            "spring_hardening": u(0.0, 0.6),
            "trigger_fraction": trigger,
            "release_fraction": u(0.35, min(0.5, trigger - 0.02)),
        },
        "contact": {"sliding_friction": u(0.4, 1.1), "tip_stiffness_scale": u(0.6, 1.4)},
        "timing": {
            "command_delay_s": u(0.0, 0.05),
            "state_delay_s": u(0.0, 0.015),
            "jitter_s": u(0.0, 0.004),
        },
        "sensing": {"encoder_noise_rad": u(0.0, 0.002)},
    }


def world_file(number: int) -> Path:
    """The file of a drawn world; written if it is not there."""
    path = RUNS / "sim2real" / f"drawn-{number}.yaml"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, yaml.safe_dump(draw_world(number), sort_keys=False).encode())
    return path


def run_loop(
    number: int, name: str, songs: Sequence[str], fitted: Sequence[str], baselines: bool
) -> dict[str, Any]:
    """The summary of a loop in a drawn world; one that was stopped goes on."""
    world = str(world_file(number).relative_to(ROOT))
    place = virtual_place(world, build_model(load_rig(RIG)))
    setup = Setup.of(songs, RIG, place, fitted=fitted, effort=Effort(), baselines=baselines)
    folder = RUNS / "sim2real" / f"{name}-{number}"
    if baselines:
        share_trainings(folder)
    return iterate(setup, folder, resume=True)


def share_trainings(folder: Path) -> None:
    """Baselines that know of no world are trained once: the same steps give the same bundle."""
    for name in (STATIC, RANDOMISED):
        own = folder / "baselines" / name / "train"
        others = sorted(folder.parent.glob(f"loop-*/baselines/{name}/train"))
        if others and not own.is_dir():
            shutil.copytree(others[0], own)


def measure_loops(numbers: Sequence[int], baselines: bool) -> None:
    """Loops on drawn worlds, with what they are compared with or without."""
    for number in numbers:
        cell = partial(run_loop, number, "loop", SONGS, FREE, baselines)
        kept(KEPT / "sim2real" / "loop" / f"{number}.json", cell)


def measure_ablation() -> None:
    """Loops that fit less."""
    names: list[str] = []
    for index, (label, added) in enumerate(FITTED.items()):
        names = list(added) if label == "all" else [*names, *added]
        for number in ABLATED_WORLDS:
            cell = partial(run_loop, number, f"ablation-{index}", ABLATED_SONGS, names, False)
            kept(KEPT / "sim2real" / "ablation" / f"{index}-{number}.json", cell)


def loops() -> dict[int, dict[str, Any]]:
    """What is kept of the loops, by world."""
    paths = sorted((KEPT / "sim2real" / "loop").glob("*.json"))
    return {int(path.stem): kept(path, dict) for path in paths}


def after(summary: Mapping[str, Any], rounds: int) -> Mapping[str, float]:
    """F1 by song of the policy that so many rounds led to.

    Its training followed the last of them, so it first played in the round after; a loop that
    stopped earlier stands by its final scoring.
    """
    if rounds < len(summary["rounds"]):
        played = summary["rounds"][rounds]["f1"]
        return {song: float(np.mean(f1)) for song, f1 in played.items()}
    return {song: of["mean_f1"] for song, of in summary["final"]["songs"].items()}


def baseline(summary: Mapping[str, Any], name: str) -> Mapping[str, float]:
    """F1 by song of a baseline; empty where none was measured."""
    if summary["baselines"] is None:
        return {}
    return {song: of["mean_f1"] for song, of in summary["baselines"][name]["songs"].items()}


ROWS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, float]]] = {
    "plan, open loop": partial(baseline, name="open_loop"),
    "static simulator": partial(baseline, name="static_sim"),
    "randomised only": partial(baseline, name="randomised"),
    "after the excitation alone": partial(after, rounds=0),
    "loop, 1 round": partial(after, rounds=1),
    "loop, 2 rounds": partial(after, rounds=2),
    "loop, 3 rounds": partial(after, rounds=3),
    "oracle": partial(baseline, name="oracle"),
}


def means(row: str) -> dict[int, float]:
    """Mean over songs by world."""
    played = {number: ROWS[row](summary) for number, summary in loops().items()}
    return {number: float(np.mean(list(f1.values()))) for number, f1 in played.items() if f1}


def f1_rows() -> Iterator[list[str]]:
    """Per row: every song over worlds, the mean, and the paired test against the loop's end."""
    final = means("loop, 3 rounds")
    for row, of in ROWS.items():
        played = [f1 for summary in loops().values() if (f1 := of(summary))]
        if not played:
            continue
        songs = [spread([by_song[song] for by_song in played]) for song in SONGS]
        mean = means(row)
        against = paired(list(mean.values()), [final[number] for number in mean])
        yield [row, str(len(played)), *songs, spread(list(mean.values())), against]


def paired(values: Sequence[float], final: Sequence[float]) -> str:
    """Two-sided p of Wilcoxon's signed-rank test over worlds."""
    if len(values) < 5 or values == final:
        return ""
    return f"{wilcoxon(values, final).pvalue:.3g}"


def robot_rows() -> Iterator[list[str]]:
    """Per world: what it took, and what it came to."""
    for number, summary in loops().items():
        rounds = summary["rounds"]
        yield [
            str(number),
            str(len(rounds)),
            f"{summary['robot_time_s']:.0f}",
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


def ablation_rows() -> Iterator[list[str]]:
    """Per set of fitted parameters: F1 over worlds."""
    for index, label in enumerate(FITTED):
        paths = sorted((KEPT / "sim2real" / "ablation").glob(f"{index}-*.json"))
        scores = [float(kept(path, dict)["final"]["mean_f1"]) for path in paths]
        yield [label, spread(scores) if scores else ""]


def report() -> None:
    """Write the page's tables from what is kept."""
    if loops():
        columns = ["", "worlds", *SONGS, "mean", "p against 3 rounds"]
        fill("loop", table(columns, f1_rows()), PAGE)
        columns = ["world", "rounds", "robot time [s]", "compute a round [s]", "F1 of the rounds"]
        columns += ["gap, last round", "final F1", "final note F1"]
        fill("robot", table(columns, robot_rows()), PAGE)
        columns = ["parameter", "median error", "truth in the interval"]
        fill("recovery", table(columns, recovery_rows(load_rig(RIG))), PAGE)
    if any((KEPT / "sim2real" / "ablation").glob("*.json")):
        fill("ablation", table(["fitted", "final F1"], ablation_rows()), PAGE)


def main() -> None:
    """Measure what is chosen and not kept yet, then write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=("loop", "ablation", "report"))
    parser.add_argument("--world", type=int, action="append", help="default: 14 to 21")
    parser.add_argument("--no-baselines", dest="baselines", action="store_false")
    arguments = parser.parse_args()
    if arguments.part == "loop":
        measure_loops(arguments.world or WORLDS, arguments.baselines)
    elif arguments.part == "ablation":
        measure_ablation()
    report()


if __name__ == "__main__":
    main()
