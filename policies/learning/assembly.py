"""Putting a training together: models drawn, environments, learner, exam."""

from __future__ import annotations

from typing import Any

import numpy as np

from policies.bundle import Bundle
from policies.features import Part
from policies.learning.algorithms import Algorithm
from policies.learning.environment import LearningEnvironment
from policies.learning.exam import Exam
from policies.learning.learner import Learner
from policies.learning.loop import LoopConfig, TrainingLoop
from policies.learning.run_files import RunFiles
from policies.learning.task import Task
from policies.learning.warm_start import begin_from
from policies.planner import Plan
from sim import PlayableModel, Randomisation

TRAINING_DRAWS = 64
EXAM_DRAWS = 15
NOMINAL_EVERY = 4
"""One environment in so many keeps the nominal physics."""


def make_loop(
    task: Task,
    algorithm: Algorithm,
    nominal: PlayableModel,
    plan: Plan,
    files: RunFiles,
    *,
    warm_start: Bundle | None,
    started_s: float,
) -> TrainingLoop:
    """Environments, learner and exam, ready to go.

    Args:
        task: what to train.
        algorithm: its algorithm, with what the task changes of it.
        nominal: the model that the song is for.
        plan: what residual learners correct and the others see.
        files: of the run; an interrupted one is taken up.
        warm_start: what the learner begins from.
        started_s: ``time.monotonic()`` when the clock of the budget began to run.

    Raises:
        TrainingError: the bundle to begin from does not fit.
        SimError: of MJX: the device has too little memory.
    """
    training_models, exam_models = _models(task, nominal, algorithm)
    learner = _learner(task, algorithm, training_models, plan)
    if warm_start is not None:
        part = Part.of(nominal.joint_low, nominal.joint_high, task.goals, plan)
        begin_from(learner, warm_start, part)
    exam = Exam(nominal, exam_models, task.goals, plan, algorithm.residual)
    config = LoopConfig(
        algorithm.total_steps, task.budget_s, algorithm.exam_every, task.seed, started_s
    )
    return TrainingLoop(learner, exam, files, config)


def _learner(
    task: Task,
    algorithm: Algorithm,
    models: PlayableModel | list[PlayableModel],
    plan: Plan,
) -> Learner:
    """The algorithm with its environments; the nominal model is the first."""
    starts = algorithm.residual and task.starts_along_plan
    told: dict[str, Any] = {"fingering": task.fingering, "starts_along_plan": starts}
    if task.simulator == "mjx":  # an extra that not everybody has
        from policies.learning.device.make import make_learner  # noqa: PLC0415

        rig = task.physics.rig
        return make_learner(rig, task.goals, plan, algorithm, **told, seed=task.seed)
    nominal = models[0] if isinstance(models, list) else models
    env = LearningEnvironment(
        models,
        task.goals,
        plan,
        algorithm.n_envs,
        residual=algorithm.residual,
        reward=algorithm.reward,
        seed=task.seed,
        lead_s=nominal.command_delay_s + plan.lateness_s,
        **told,
    )
    return algorithm.make(env, algorithm.config, task.seed)


def _models(
    task: Task, nominal: PlayableModel, algorithm: Algorithm
) -> tuple[PlayableModel | list[PlayableModel], list[PlayableModel]]:
    """Models to train on, the nominal one first, and others to be examined on."""
    randomisation = task.randomisation
    if randomisation is None and task.randomise:
        randomisation = Randomisation.around(task.physics, task.randomise)
    if randomisation is None or not randomisation.ranges:
        return nominal, []
    rng = np.random.default_rng([task.seed, 1])
    count = min(TRAINING_DRAWS, algorithm.n_envs)
    drawn = [nominal, *randomisation.draw_models(count - 1, rng)]
    repeated = [
        nominal if i % NOMINAL_EVERY == 0 else drawn[i % count] for i in range(algorithm.n_envs)
    ]
    examined = randomisation.draw_models(EXAM_DRAWS, np.random.default_rng([task.seed, 2]))
    return repeated, examined
