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
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cells import ROOT, RUNS, SONGS, kept
from benchmarks.drawn_worlds import RIG, WORLDS, world_file
from benchmarks.sim2real_tables import RESULTS, report
from calibration.loop import Effort, Setup, iterate, virtual_place
from calibration.loop.baselines import RANDOMISED, STATIC
from calibration.residuals import FREE, STATE_DELAY
from sim import build_model, load_rig

ABLATED_WORLDS = WORLDS[:4]
ABLATED_SONGS = SONGS[1:3]

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


def run_loop(
    number: int, name: str, songs: Sequence[str], fitted: Sequence[str], *, baselines: bool
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


def measure_loops(numbers: Sequence[int]) -> None:
    """Loops on drawn worlds, with what they are compared with."""
    for number in numbers:
        cell = partial(run_loop, number, "loop", SONGS, FREE, baselines=True)
        kept(RESULTS / "loop" / f"{number}.json", cell)


def measure_ablation() -> None:
    """Loops that fit less."""
    names: list[str] = []
    for index, (label, added) in enumerate(FITTED.items()):
        names = list(added) if label == "all" else [*names, *added]
        for number in ABLATED_WORLDS:
            cell = partial(
                run_loop, number, f"ablation-{index}", ABLATED_SONGS, names, baselines=False
            )
            kept(RESULTS / "ablation" / f"{index}-{number}.json", cell)


def main() -> None:
    """Measure what is chosen and not kept yet, then write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=("loop", "ablation", "report"))
    parser.add_argument("--world", type=int, action="append", help="default: 14 to 21")
    arguments = parser.parse_args()
    if arguments.part == "loop":
        measure_loops(arguments.world or WORLDS)
    elif arguments.part == "ablation":
        measure_ablation()
    report(tuple(FITTED))


if __name__ == "__main__":
    main()
