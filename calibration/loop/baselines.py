"""What the loop is compared with, on the same rig, draw by draw.

The only part of calibration that may look into a world: for the oracle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calibration.loop import folders
from calibration.loop.knowledge import Knowledge
from calibration.loop.lessons import train_all
from calibration.loop.performing import Stand
from calibration.loop.setup import Setup
from calibration.loop.state import Facts
from calibration.loop.summary import scores_of
from calibration.loop.training import Lesson
from hardware.world import load_world
from hardware.world.physics import true_parameters
from policies.library import PLANNER
from sim import Randomisation

OPEN_LOOP, STATIC, RANDOMISED, ORACLE = "open_loop", "static_sim", "randomised", "oracle"


@dataclass(frozen=True)
class _Recipe:
    """How a baseline is trained: for what, and on which draws."""

    known: Knowledge
    drawn: Randomisation


def measure_baselines(setup: Setup, stand: Stand, first_trial: int) -> Facts:
    """Final scores of what the loop is compared with, trained as long as its first round.

    `open_loop`: the nominal plan. `static_sim`: trained in the nominal simulator, never updated.
    `randomised`: the same with randomised physics. `oracle`: trained in the true simulator, as far
    as physics parameters can say it; None where there is no world.

    Args:
        setup: What shapes the loop.
        stand: Where it plays.
        first_trial: Of the final scoring; baselines meet the same draws.

    Raises:
        DaCapoError: A training or a performance failed.
    """
    measured: Facts = {ORACLE: None}
    for name, recipe in _recipes(setup).items():
        played: dict[str, list[Facts]] = {song.name: [] for song in setup.songs}
        policies = {} if recipe is None else _train(setup, stand, name, recipe)
        for song in setup.songs:
            policy = str(policies.get(song.name, PLANNER))
            for take in range(1, setup.effort.finals + 1):
                step = folders.plays(f"baselines/{name}", song.name, take)
                trial = first_trial + take - 1
                played[song.name].append(stand.perform(step, song.source, policy, trial))
        measured[name] = scores_of(played)
    return measured


def _recipes(setup: Setup) -> dict[str, _Recipe | None]:
    nominal = Knowledge.read(None, setup.model.rig)
    recipes: dict[str, _Recipe | None] = {
        OPEN_LOOP: None,
        STATIC: _Recipe(nominal, Randomisation(nominal.parameters, {})),
        RANDOMISED: _Recipe(nominal, nominal.randomisation()),
    }
    if setup.place.world:
        truth = true_parameters(setup.model.rig, load_world(setup.place.world))
        sure = Knowledge(truth, {name: (value, value) for name, value in truth.values.items()})
        recipes[ORACLE] = _Recipe(sure, sure.randomisation())
    return recipes


def _train(setup: Setup, stand: Stand, name: str, recipe: _Recipe) -> dict[str, Path]:
    known, steps = recipe.known, setup.effort.training_steps
    lessons = [Lesson(song, known, steps, randomisation=recipe.drawn) for song in setup.songs]
    return train_all(stand.state, f"baselines/{name}", lessons, stand.on_progress)
