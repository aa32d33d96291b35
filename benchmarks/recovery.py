"""Measure what calibration finds of worlds whose truth is known: fills tables of calibration.md.

    python -m benchmarks.recovery                    # 8 worlds twice, about an hour
    python -m benchmarks.recovery --world 11 --kind known
    python -m benchmarks.recovery --report           # only write the tables again

Worlds are those of ``benchmarks.drawn_worlds``: as drawn (*full*), and without what no physics
parameter can say (*known*): Stribeck friction, backlash, hardening springs, weak motors, fingertips
stiffer than nominal. In each the excitation is played and fitted, then two songs with the planner
for what was found, and all of it is fitted again, as in the first round of a loop. Beside it,
``mujoco.sysid`` fits the same excitation in the same time (``pip install -e '.[peers]'``). Kept in
``benchmarks/results/recovery/``: stop and start again as you like.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peer_sysid
from benchmarks.cells import KEPT, ROOT, fill, kept, table
from benchmarks.drawn_worlds import RIG, WORLDS, draw_world
from benchmarks.quantities import Quantities, needed, per
from calibration.excitation import make_excitation, write_excitation
from calibration.recordings import Recording, read_recording
from calibration.residuals import STATE_DELAY, Gap
from calibration.residuals.noise import reading_noise
from calibration.study.calibrate import calibrate
from calibration.study.case import make_case
from calibration.study.result import Calibration
from calibration.virtual import play_virtual
from hardware.world import World
from hardware.world.physics import true_parameters
from sim import PhysicsParameters, Rig, build_model, load_rig

PAGE = ROOT / "docs" / "calibration.md"
KINDS = ("known", "full")
STEPS = {
    "excitation": "excitation",
    "peer": "excitation, `mujoco.sysid`",
    "with songs": "with songs",
}
"""Fits, and what their columns are called."""
OWN_STEPS = ("excitation", "with songs")
"""Fits that come with intervals: those of this project."""
SONGS = ("ode_to_joy", "twinkle_twinkle_little_star")
HIDDEN = {
    "hand": {"stribeck": 0.0, "backlash_rad": 0.0, "torque_limit_scale": 1.0},
    "rail": {"backlash_m": 0.0},
    "keyboard": {"spring_hardening": 0.0},
}
"""What no physics parameter can say, as if it were not there."""


def world_of(number: int, kind: str) -> World:
    """A drawn world, or what physics parameters can say of it."""
    drawn = draw_world(number)
    if kind == "known":
        for part, values in HIDDEN.items():
            drawn[part] |= values
        contact = drawn["contact"]
        contact["tip_stiffness_scale"] = min(contact["tip_stiffness_scale"], 1.0)
    return World.model_validate(drawn)


def measure(number: int, kind: str) -> dict[str, Any]:
    """Fit twice: to the excitation, and to two songs with it."""
    world, rig = world_of(number, kind), load_rig(RIG)
    model = build_model(rig)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        bundle, midi = write_excitation(make_excitation(model), model, place)
        _, played = play_virtual(
            str(midi), model=model, policy=str(bundle), world=world, out=place / "runs"
        )
        recordings = [read_recording(played / "recording")]
        first = calibrate(recordings, rig, out=place / "first.yaml")
        peer = fitted_by_peer(recordings, rig, first.wall_s, world)
        for trial, song in enumerate(SONGS, 1):
            _, played = play_virtual(
                song,
                model=model,
                policy="planner",
                world=world,
                parameters=first.parameters,
                trial=trial,
                out=place / "runs",
            )
            recordings.append(read_recording(played / "recording"))
        second = calibrate(recordings, rig, out=place / "second.yaml", previous=first.parameters)
    noise = reading_noise(recordings[0].states.positions).tolist()
    fits = {"excitation": found(first, world), "peer": peer, "with songs": found(second, world)}
    return {name: {"noise": noise, **fit} for name, fit in fits.items()}


def found(result: Calibration, world: World) -> dict[str, Any]:
    """How far a fit is from the truth, and from recordings that it did not see."""
    truth = true_parameters(result.parameters.hand_rig, world)
    inside = {
        name: bool(low <= truth.values[name] <= high)
        for name, (low, high) in result.intervals.items()
    }
    gap = result.judged_after.gap
    of_all = errors(result.parameters, result.state_delay_s, gap, world)
    return of_all | {"inside": inside, "accepted": result.accepted, "wall_s": result.wall_s}


def fitted_by_peer(
    recordings: Sequence[Recording], rig: Rig, budget_s: float, world: World
) -> dict[str, Any]:
    """The same of ``mujoco.sysid``."""
    case, begun_s = make_case(recordings, rig), time.monotonic()
    point = peer_sysid.fit(case, budget_s)
    wall_s = time.monotonic() - begun_s
    delay_s = case.free.state_delay_s(point)
    of_all = errors(case.free.parameters(point), delay_s, case.held_out.gap(point), world)
    return of_all | {"wall_s": wall_s}


def errors(
    fitted: PhysicsParameters, state_delay_s: float, gap: Gap | None, world: World
) -> dict[str, Any]:
    """Fit minus truth of every quantity, and the gap on held-out recordings."""
    of_each = quantity_errors(fitted, true_parameters(fitted.hand_rig, world))
    of_each["state delay [ms]"] = 1e3 * (state_delay_s - world.timing.state_delay_s)
    told = {} if gap is None else asdict(gap) | {"joint_rmse": gap.joint_rmse.tolist()}
    return {"errors": of_each, "gap": told}


def quantity_errors(fitted: PhysicsParameters, truth: PhysicsParameters) -> dict[str, float]:
    """Fit minus truth of every quantity, in its unit; to first order around the truth."""
    errors = {}
    for name, (parts, unit) in Quantities(truth).all().items():
        if STATE_DELAY in parts:
            continue
        error = sum(
            slope * (fitted.values[entry] - truth.values[entry]) for entry, slope in parts.items()
        )
        errors[f"{name} [{unit}]" if unit else name] = float(error) * per(unit)
    return errors


def cells(kind: str, step: str) -> list[Mapping[str, Any]]:
    """What is kept of a kind of worlds, after the first or the second fit."""
    paths = sorted((KEPT / "recovery" / kind).glob("*.json"))
    return [kept(path, dict)[step] for path in paths]


def rows() -> Iterator[list[str]]:
    """Quantities, then what differs on held-out recordings: medians over worlds, and the worst."""
    columns = [cells(kind, step) for kind in measured() for step in STEPS]
    names = next(iter(columns))[0]["errors"]
    for name in names:
        sizes = [[abs(cell["errors"][name]) for cell in column] for column in columns]
        yield [name, needed(name), *(_told(size) for size in sizes)]
    for name, wanted in (("onset_mae_ms", "3, full 10"), ("wrong", "2, full 2"), ("rmse", "1.5")):
        yield [HELD_OUT[name], wanted, *(_told([_gap(c, name) for c in col]) for col in columns)]
    yield ["seconds", "-", *(_told([cell["wall_s"] for cell in column]) for column in columns)]


HELD_OUT = {
    "onset_mae_ms": "held-out onsets, mean error [ms]",
    "wrong": "held-out onsets missed or added [%]",
    "rmse": "held-out joint error over reading noise, median joint",
}


def _gap(cell: Mapping[str, Any], name: str) -> float:
    gap = cell["gap"]
    if not gap:
        return float("nan")
    if name == "wrong":
        return 100.0 * (gap["missed"] + gap["extra"]) / max(gap["onsets"], 1)
    if name == "rmse":
        floor = np.maximum(cell["noise"], 1e-5)
        return float(np.median(np.array(gap["joint_rmse"])[1:] / floor[1:]))
    return float(gap[name])


def _told(values: list[float]) -> str:
    return f"{_short(float(np.median(values)))} ({_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10.0 else f"{value:.2g}"


def measured() -> list[str]:
    """Kinds of worlds of which something is kept."""
    return [kind for kind in KINDS if cells(kind, next(iter(STEPS)))]


def coverage_rows() -> Iterator[list[str]]:
    """Per kind of worlds: how many intervals hold the truth, after each fit."""
    for kind in measured():
        yield [kind, *(_held(cells(kind, step)) for step in OWN_STEPS)]


def _held(fits: Sequence[Mapping[str, Any]]) -> str:
    """Over all worlds and parameters."""
    held = [inside for fit in fits for inside in fit["inside"].values()]
    return f"{sum(held)} of {len(held)} ({100.0 * float(np.mean(held)):.0f} %)"


def report() -> None:
    """Write the page's tables from what is kept."""
    columns = [f"{kind}, {name}" for kind in measured() for name in STEPS.values()]
    fill("recovery", table(["error of", "wanted", *columns], rows()), PAGE)
    columns = ["truth in the 95 % interval", *(STEPS[step] for step in OWN_STEPS)]
    fill("coverage", table(columns, coverage_rows()), PAGE)


def main() -> None:
    """Measure what is chosen and not kept yet, then write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--world", type=int, action="append", help="default: 14 to 21")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    for number in () if arguments.report else arguments.world or WORLDS:
        for kind in arguments.kind or KINDS:
            path = KEPT / "recovery" / kind / f"{number}.json"
            kept(path, lambda of=(number, kind): measure(*of))  # type: ignore[misc]
    report()


if __name__ == "__main__":
    main()
