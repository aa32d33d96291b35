"""Training a policy for one song, from its name to a bundle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from policies.bundle import read_bundle, write_bundle
from policies.evaluation import Evaluation, evaluate
from policies.features import Part
from policies.learning.algorithms import Algorithm, find_algorithm
from policies.learning.assembly import make_loop
from policies.learning.loop import Progress
from policies.learning.record import make_bundle, settings_of
from policies.learning.reference import make_reference, search_budget_s
from policies.learning.run_files import RunFiles, TrainingError
from policies.learning.simulators import check_mjx
from policies.learning.task import Task
from policies.library import load_policy
from policies.planner import OnProgress, Plan, make_plan
from sim import PlayableModel, build_playable

EVALUATION_EPISODES = 5
SHORTEST_BUDGET_S = 5.0


@dataclass(frozen=True)
class Trained:
    """What came out.

    Attributes:
        bundle: path of the bundle.
        steps: control steps.
        steps_before: those of earlier sessions.
        wall_s: seconds, all sessions together.
        scores: of the bundle as it was written, played afresh in the simulator it was made for.
    """

    bundle: Path
    steps: int
    steps_before: int
    wall_s: float
    scores: Evaluation


def train(
    task: Task,
    folder: Path,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    started_s: float | None = None,
    on_planning: OnProgress = lambda share: None,
) -> Trained:
    """Train a policy and write its bundle and its run's files into ``folder``.

    Args:
        task: what to train.
        folder: of this run; one that holds an interrupted run of the same task is taken up.
        on_progress: is told how far it is after every iteration.
        started_s: ``time.monotonic()`` when the clock of the budget began to run, if not now.
        on_planning: is told how far the plan for two hands is, before anything is learned.

    Raises:
        TrainingError: an unknown algorithm, a budget too short, a folder of another run, a bundle
            that it cannot begin from, numbers that went wrong.
        BundleError: the bundle to begin from cannot be read.
        UnreachableError: the rig cannot play some notes.
        SimError: of MJX: the device has too little memory, contacts were dropped.
    """
    started_s = time.monotonic() if started_s is None else started_s
    if task.budget_s < SHORTEST_BUDGET_S:
        raise TrainingError(
            f"a budget of {task.budget_s:g} s is too short: give at least {SHORTEST_BUDGET_S:g}"
        )
    algorithm = _algorithm(task)
    if task.simulator == "mjx":
        check_mjx(task.physics.rig, algorithm)
    warm_start = read_bundle(task.warm_start) if task.warm_start else None
    task = replace(task, randomise=algorithm.randomise) if task.randomise is None else task
    nominal = task.physics.apply(build_playable(task.physics.rig))
    plan = task.plan or _plan(task, algorithm, nominal, folder, on_planning)
    part = Part.of(nominal.joint_low, nominal.joint_high, task.goals, plan)
    files = RunFiles(folder, settings_of(task, algorithm, part))
    try:
        loop = make_loop(
            task, algorithm, nominal, plan, files, warm_start=warm_start, started_s=started_s
        )
        best = loop.run(on_progress)
    finally:
        files.close()
    path = folder / f"{task.goals.name}.npz"
    write_bundle(make_bundle(task, algorithm, part, plan, best=best), path)
    scores = evaluate(
        load_policy(str(path), nominal, task.goals), nominal, task.goals, EVALUATION_EPISODES
    )
    return Trained(path, loop.steps, loop.steps_before, loop.elapsed_s, scores)


def _algorithm(task: Task) -> Algorithm:
    algorithm = find_algorithm(task.algorithm)
    if task.n_envs is not None:
        algorithm = algorithm.with_envs(task.n_envs)
    if task.total_steps is not None:
        algorithm = algorithm.with_steps(task.total_steps)
    return replace(algorithm, reward=task.reward) if task.reward else algorithm


def _plan(
    task: Task,
    algorithm: Algorithm,
    nominal: PlayableModel,
    folder: Path,
    on_planning: OnProgress,
) -> Plan:
    """What residual learners correct and the others see."""
    if not algorithm.residual:
        return make_plan(task.goals, nominal, on_progress=on_planning)
    try:
        search_s = None if task.total_steps is not None else search_budget_s(task.budget_s)
        return make_reference(
            task.goals, task.physics, nominal, folder, search_s, on_planning=on_planning
        )
    except OSError as error:
        raise TrainingError(f"cannot write into {folder}: {error.strerror}") from error
