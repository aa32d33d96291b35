"""A song of three notes, a plan that plays it badly, and learners small enough to test."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from policies import Plan, make_plan
from policies.learning.environment import LearningEnvironment
from policies.learning.exam import Exam
from policies.learning.loop import LoopConfig, TrainingLoop
from policies.learning.ppo import Ppo
from policies.learning.ppo_config import PpoConfig
from policies.learning.run_files import RunFiles
from score import Goals, Note, Score
from tests.unit.playing import goals_of, nominal_model

RIG = "leap_rail_49"
CONFIG = PpoConfig(n_envs=4, horizon=4, epochs=1, minibatches=2, widths=(8, 6), total_steps=96)
"""Six iterations of 16 control steps."""

SETTINGS: dict[str, Any] = {"song": "three", "seed": 0}


@cache
def three_notes() -> Goals:
    notes = tuple(Note(p, 0.3 * i, 0.3 * i + 0.2, 64) for i, p in enumerate((60, 62, 64)))
    return goals_of(Score("three", notes), nominal_model(RIG).rig)


@cache
def good_plan() -> Plan:
    return make_plan(three_notes(), nominal_model(RIG))


@cache
def bad_plan() -> Plan:
    """Never moves, so there is always something left to learn."""
    plan = good_plan()
    still = plan.references[:1].repeat(len(plan.targets), axis=0)
    return replace(plan, references=still, targets=still)


environment = partial(LearningEnvironment, threads=1)
"""Of a model, goals, a plan and a number; the song is too short for two threads."""


def learner(config: PpoConfig = CONFIG, seed: int = 0) -> Ppo:
    model, n = nominal_model(RIG), config.n_envs
    return Ppo(environment(model, three_notes(), bad_plan(), n, seed=seed), config, seed)


def exam(plan: Plan | None = None) -> Exam:
    return Exam(nominal_model(RIG), [], three_notes(), plan or bad_plan(), residual=True)


def loop(
    folder: Path, config: PpoConfig = CONFIG, settings: dict[str, Any] | None = None
) -> TrainingLoop:
    """A whole training but for its bundle."""
    files = RunFiles(folder, settings or SETTINGS)
    schedule = LoopConfig(config.total_steps, 1000.0, 2, 0, time.monotonic())
    return TrainingLoop(learner(config), exam(), files, schedule)
