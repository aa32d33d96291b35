"""What the excitation asks of a rig, beside a song: fills two tables of docs/excitation.md.

    python -m benchmarks.excitation

How long it is, how hard fingertips press, how warm motors get, whether links of fingers overlap;
and how many of its notes sound in the worlds of ``benchmarks.drawn_worlds``.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from benchmarks.cells import ROOT, fill, table
from benchmarks.drawn_worlds import draw_world
from benchmarks.limits import Demand
from calibration.excitation import check_excitation, make_excitation
from calibration.excitation.check import MISPLACED_M, hardest_press, misplaced, touches
from hardware.world import World, WorldSimulator
from policies import Plan, make_plan
from score import CONTROL_STEP_S, DaCapoError, KeyEvent, load_song, make_goals
from sim import PHYSICS_STEPS_PER_CONTROL, RigModel, Simulator, build_model, load_rig, rig_names

PAGE = ROOT / "docs" / "excitation.md"
SONG = "ode_to_joy"
WORLDS = 8


def plans(model: RigModel) -> dict[str, Plan]:
    """What is compared: the excitation and a song."""
    excitation = make_excitation(model)
    check_excitation(excitation, model)
    keyboard = model.rig.keyboard
    goals = make_goals(load_song(SONG), keyboard.lowest_pitch, keyboard.n_keys)
    return {"excitation": excitation.plan, SONG: make_plan(goals, model)}


def play(plan: Plan, simulator: Simulator) -> tuple[float, list[KeyEvent]]:
    """The most that a fingertip presses with [N], and the key events."""
    hardest, events = 0.0, []
    model = cast(RigModel, simulator.model)  # of one hand: `plans` is for those
    simulator.reset(plan.start)
    for held in plan.targets:
        for _ in range(PHYSICS_STEPS_PER_CONTROL):
            events += simulator.step(held)
            found = touches(model, simulator.data)
            hardest = max(hardest, hardest_press(found)[0])
    return hardest, events


def demands(rig: str) -> list[list[str]]:
    """Rows of the first table: on keyboards that stand right, too high and too low."""
    model, rows = build_model(load_rig(rig)), []
    for name, plan in plans(model).items():
        demand = Demand(model)
        demand.play(plan.targets, plan.start)
        presses = [
            play(plan, Simulator(misplaced(model, offset)))[0] for offset in MISPLACED_M.values()
        ]
        heat = f"{demand.heat:.2f}" if demand.heat else "-"
        seconds = f"{len(plan.targets) * CONTROL_STEP_S:.1f} s"
        forces = [f"{newtons:.1f} N" for newtons in presses]
        rows.append([rig, name, seconds, *forces, heat, f"{demand.overlap_m * 1e3:.1f} mm"])
    return rows


def in_worlds(rig: str) -> list[list[str]]:
    """Rows of the second table: in drawn worlds, everything wrong at once."""
    model = build_model(load_rig(rig))
    compared = plans(model)
    played: dict[str, list[tuple[float, list[KeyEvent]]]] = {}
    for number in range(WORLDS):
        try:
            simulator = WorldSimulator(model.rig, World.model_validate(draw_world(number)))
        except DaCapoError:
            continue  # drawn for the other rig; on this one its keys would not come back
        for name, plan in compared.items():
            played.setdefault(name, []).append(play(plan, simulator))
    return [_row(rig, name, plan, played[name]) for name, plan in compared.items()]


def _row(rig: str, name: str, plan: Plan, played: list[tuple[float, list[KeyEvent]]]) -> list[str]:
    asked = _pressed(play(plan, Simulator(build_model(load_rig(rig))))[1])
    sounded = [_pressed(events) for _, events in played]
    newtons = [hardest for hardest, _ in played]
    unasked = sum(len(set(keys) - set(asked)) for keys in sounded)
    counts = sorted(len(keys) for keys in sounded)
    return [
        rig,
        name,
        str(len(played)),
        f"{len(asked)}",
        f"{counts[0]} to {counts[-1]}",
        str(unasked),
        f"{np.median(newtons):.0f} N, {max(newtons):.0f} N",
    ]


def _pressed(events: list[KeyEvent]) -> list[int]:
    return [event.key for event in events if event.down]


def main() -> None:
    """Measure and fill."""
    rigs = rig_names()
    heights = [f"keyboard {where or 'in place'}" for where in MISPLACED_M]
    header = ["rig", "of", "length", *heights, "heat", "links overlap"]
    fill("demands", table(header, [row for rig in rigs for row in demands(rig)]), PAGE)
    header = [
        "rig",
        "of",
        "worlds",
        "notes",
        "sounded",
        "other keys",
        "hardest press: median, most",
    ]
    fill("worlds", table(header, [row for rig in rigs for row in in_worlds(rig)]), PAGE)


if __name__ == "__main__":
    main()
