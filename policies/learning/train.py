"""Training a policy for one song, from its name to a bundle."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.bundle import Bundle, feature_sizes, read_bundle, write_bundle
from policies.evaluation import Evaluation, evaluate
from policies.features import Part
from policies.learning.algorithms import Algorithm, find_algorithm
from policies.learning.environment import LearningEnvironment, Reward
from policies.learning.exam import Exam
from policies.learning.learner import Learner
from policies.learning.loop import BestPolicy, LoopConfig, Progress, TrainingLoop
from policies.learning.reference import make_reference, search_budget_s
from policies.learning.run_files import RunFiles, TrainingError
from policies.learning.simulators import Simulator, check_mjx
from policies.learning.warm_start import begin_from
from policies.library import load_policy
from policies.planner import Plan, make_plan
from score import CONTROL_STEP_S, Goals
from sim import PhysicsParameters, PlayableModel, Randomisation, build_playable

TRAINING_DRAWS = 64
EXAM_DRAWS = 15
NOMINAL_EVERY = 4
"""One environment in so many keeps the nominal physics."""
EVALUATION_EPISODES = 5
SHORTEST_BUDGET_S = 5.0


@dataclass(frozen=True)
class Task:
    """What to train.

    Attributes:
        goals: the song.
        physics: the simulator's parameters.
        algorithm: a name of ``ALGORITHMS``.
        randomise: width of the randomisation around ``physics``; 0 for none, 1 for the default
            ranges, None for what the algorithm has.
        randomisation: other ranges, such as a calibration's; they win over ``randomise``.
        plan: the reference, if not the planner's (searched where that is not good).
        budget_s: wall-clock seconds, all sessions of a run together.
        total_steps: control steps, if not the algorithm's; the search for a reference is then
            counted in rounds. With a ``budget_s`` of infinity no clock shapes what is learned.
        warm_start: a bundle of the same song, rig and features that a PPO learner begins from.
        seed: of everything random.
        reward: which reward, if not the algorithm's own.
        fingering: whether the fingering term counts.
        starts_along_plan: whether the episodes of a residual learner start anywhere in the song.
        simulator: what it trains in; exams are MuJoCo's.
        n_envs: environments stepped together in MJX, if not as many as the algorithm has; steps of
            a whole training grow with them.
    """

    goals: Goals
    physics: PhysicsParameters
    algorithm: str = "residual-ppo"
    randomise: float | None = None
    randomisation: Randomisation | None = None
    plan: Plan | None = None
    budget_s: float = 60.0
    total_steps: int | None = None
    warm_start: Path | None = None
    seed: int = 0
    reward: Reward | None = None
    fingering: bool = True
    starts_along_plan: bool = True
    simulator: Simulator = "mujoco"
    n_envs: int | None = None


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
) -> Trained:
    """Train a policy and write its bundle and its run's files into ``folder``.

    Args:
        task: what to train.
        folder: of this run; one that holds an interrupted run of the same task is taken up.
        on_progress: is told how far it is after every iteration.
        started_s: ``time.monotonic()`` when the clock of the budget began to run, if not now.

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
    task = replace(task, randomise=algorithm.randomise) if task.randomise is None else task
    nominal = task.physics.apply(build_playable(task.physics.rig))
    plan = task.plan or _plan(task, algorithm, nominal, folder)
    part = Part.of(nominal.joint_low, nominal.joint_high, task.goals, plan)
    files = RunFiles(folder, _settings(task, algorithm, part))
    try:
        loop = _loop(task, algorithm, nominal, plan, files, started_s=started_s)
        best = loop.run(on_progress)
    finally:
        files.close()
    path = folder / f"{task.goals.name}.npz"
    write_bundle(_bundle(task, algorithm, part, plan, best=best), path)
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


def _plan(task: Task, algorithm: Algorithm, nominal: PlayableModel, folder: Path) -> Plan:
    """What residual learners correct and the others see."""
    if not algorithm.residual:
        return make_plan(task.goals, nominal)
    try:
        search_s = None if task.total_steps is not None else search_budget_s(task.budget_s)
        return make_reference(task.goals, task.physics, nominal, folder, search_s)
    except OSError as error:
        raise TrainingError(f"cannot write into {folder}: {error.strerror}") from error


def _loop(
    task: Task,
    algorithm: Algorithm,
    nominal: PlayableModel,
    plan: Plan,
    files: RunFiles,
    *,
    started_s: float,
) -> TrainingLoop:
    """Environments, learner and exam, ready to go."""
    training_models, exam_models = _models(task, nominal, algorithm)
    learner = _learner(task, algorithm, training_models, plan)
    if task.warm_start is not None:
        part = Part.of(nominal.joint_low, nominal.joint_high, task.goals, plan)
        begin_from(learner, read_bundle(task.warm_start), part)
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


def _settings(task: Task, algorithm: Algorithm, part: Part) -> dict[str, object]:
    """Everything that shapes a run, as JSON values."""
    ranges = task.randomisation.ranges if task.randomisation else {}
    return {
        "song": task.goals.name,
        "rig": task.physics.rig.name,
        "rig_hash": task.physics.rig.hash,
        "goals_sha256": _sha256(part.keys),
        "plan_sha256": _sha256(part.references, part.targets),
        "features": feature_sizes(part),
        "physics": dict(task.physics.values),
        "algorithm": task.algorithm,
        "hyper_parameters": {k: _json(v) for k, v in asdict(algorithm.config).items()},
        "simulator": task.simulator,
        "exam_every": algorithm.exam_every,
        "reward": algorithm.reward,
        "fingering": task.fingering,
        "starts_along_plan": algorithm.residual and task.starts_along_plan,
        "randomise": task.randomise,
        "warm_start_sha256": _file_sha256(task.warm_start),
        "ranges": {name: list(range_) for name, range_ in ranges.items()},
        "seed": task.seed,
    }


def _sha256(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _file_sha256(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _version(name: str) -> str:
    """Of a package; a clone that is only on the path has none, and its training must not fail."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


_TOLD = (
    "algorithm",
    "simulator",
    "hyper_parameters",
    "reward",
    "fingering",
    "starts_along_plan",
    "randomise",
    "ranges",
)
"""Settings that a bundle repeats."""


def _bundle(
    task: Task, algorithm: Algorithm, part: Part, plan: Plan, *, best: BestPolicy
) -> Bundle:
    rig = task.physics.rig
    settings = _settings(task, algorithm, part)
    return Bundle(
        song=task.goals.name,
        rig=rig.name,
        rig_hash=rig.hash,
        joint_names=plan.joint_names,
        control_step_s=CONTROL_STEP_S,
        feature_blocks=feature_sizes(part),
        part=part,
        mean=best.mean,
        std=best.std,
        layers=best.layers,
        squash=algorithm.squash,
        residual=algorithm.residual,
        physics=dict(task.physics.values),
        training={name: settings[name] for name in _TOLD},  # type: ignore[misc]  # JSON values
        seed=task.seed,
        scores={"frame_f1": best.marks.frame_f1, "note_f1_50ms": best.marks.note_f1},
        versions={
            "python": platform.python_version(),
            **{name: _version(name) for name in ("dacapo", "numpy", "mujoco", "jax", "flax")},
        },
        lateness_s=plan.lateness_s,
    )
