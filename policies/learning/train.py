"""Training a policy for one song, from its name to a bundle."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from policies.bundle import Bundle, write_bundle
from policies.features import Features, Part
from policies.learning.algorithms import ALGORITHMS, Algorithm
from policies.learning.environment import LearningEnvironment
from policies.learning.exam import Exam
from policies.learning.loop import BestPolicy, LoopConfig, Progress, TrainingLoop
from policies.learning.run_files import RunFiles, TrainingError
from policies.planner import Plan, make_plan
from score import CONTROL_STEP_S, Goals
from sim import PhysicsParameters, Randomisation, RigModel, build_model

TRAINING_DRAWS = 64
EXAM_DRAWS = 15
SHORTEST_BUDGET_S = 5.0


@dataclass(frozen=True)
class Task:
    """What to train.

    Attributes:
        goals: the song.
        physics: the simulator's parameters.
        algorithm: a name of ``ALGORITHMS``.
        randomise: width of the randomisation around ``physics``; 0 for none, 1 for the default
            ranges.
        randomisation: other ranges, such as a calibration's; they win over ``randomise``.
        plan: the reference, if not the planner's.
        budget_s: wall-clock seconds.
        seed: of everything random.
    """

    goals: Goals
    physics: PhysicsParameters
    algorithm: str = "residual-ppo"
    randomise: float = 0.0
    randomisation: Randomisation | None = None
    plan: Plan | None = None
    budget_s: float = 60.0
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """What came out.

    Attributes:
        bundle: path of the bundle.
        steps: control steps.
        wall_s: seconds.
        frame_f1: of the exam that chose the policy.
        note_f1_50ms: of that exam.
    """

    bundle: Path
    steps: int
    wall_s: float
    frame_f1: float
    note_f1_50ms: float


def train(
    task: Task, folder: Path, on_progress: Callable[[Progress], None] = lambda progress: None
) -> Trained:
    """Train a policy and write its bundle and its run's files into ``folder``.

    Raises:
        TrainingError: a budget too short, a folder of another run, numbers that went wrong.
        UnreachableError: the rig cannot play some notes.
    """
    if task.budget_s < SHORTEST_BUDGET_S:
        raise TrainingError(f"a budget of {task.budget_s:g} s is too short: give at least 5")
    algorithm = ALGORITHMS[task.algorithm]
    nominal = task.physics.apply(build_model(task.physics.rig))
    plan = task.plan or make_plan(task.goals, nominal)
    files = RunFiles(folder, _settings(task, algorithm))
    training_models, exam_models = _models(task, nominal, algorithm)
    env = LearningEnvironment(
        training_models,
        task.goals,
        plan,
        algorithm.n_envs,
        residual=algorithm.residual,
        reward=algorithm.reward,
        starts_along_plan=algorithm.residual,
        seed=task.seed,
    )
    learner = algorithm.make(env, task.seed)
    exam = Exam(exam_models, task.goals, plan, algorithm.residual)
    config = LoopConfig(algorithm.total_steps, task.budget_s, algorithm.exam_every, task.seed)
    best = TrainingLoop(learner, exam, files, config).run(on_progress)
    path = folder / f"{task.goals.name}.npz"
    write_bundle(_bundle(task, algorithm, plan, nominal, best), path)
    last = files.rows[-1]
    return Trained(path, last.steps, last.wall_s, best.marks.frame_f1, best.marks.note_f1)


def _models(
    task: Task, nominal: RigModel, algorithm: Algorithm
) -> tuple[RigModel | list[RigModel], list[RigModel]]:
    """Models to train on, and others to be examined on; the nominal one comes first in both."""
    randomisation = task.randomisation
    if randomisation is None and task.randomise > 0:
        randomisation = Randomisation.around(task.physics, task.randomise)
    if randomisation is None:
        return nominal, [nominal]
    rng = np.random.default_rng([task.seed, 1])
    count = min(TRAINING_DRAWS, algorithm.n_envs)
    drawn = [nominal, *randomisation.draw_models(count - 1, rng)]
    repeated = [drawn[i % count] for i in range(algorithm.n_envs)]
    examined = randomisation.draw_models(EXAM_DRAWS, np.random.default_rng([task.seed, 2]))
    return repeated, [nominal, *examined]


def _settings(task: Task, algorithm: Algorithm) -> dict[str, object]:
    """Everything that shapes a run, as JSON values."""
    return {
        "song": task.goals.name,
        "rig": task.physics.rig.name,
        "rig_hash": task.physics.rig.hash,
        "physics": dict(task.physics.values),
        "algorithm": task.algorithm,
        "hyper_parameters": {k: _json(v) for k, v in asdict(algorithm.config).items()},
        "reward": algorithm.reward,
        "randomise": task.randomise,
        "ranges": {k: list(v) for k, v in task.randomisation.ranges.items()}
        if task.randomisation
        else None,
        "seed": task.seed,
    }


def _json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _bundle(
    task: Task, algorithm: Algorithm, plan: Plan, model: RigModel, best: BestPolicy
) -> Bundle:
    part = Part.of(model.joint_low, model.joint_high, task.goals, plan)
    blocks = {name: block.stop - block.start for name, block in Features(part).blocks.items()}
    rig = task.physics.rig
    settings = _settings(task, algorithm)
    return Bundle(
        song=task.goals.name,
        rig=rig.name,
        rig_hash=rig.hash,
        joint_names=rig.joint_names,
        control_step_s=CONTROL_STEP_S,
        feature_blocks=blocks,
        part=part,
        mean=best.mean,
        std=best.std,
        layers=best.layers,
        squash=algorithm.squash,
        residual=algorithm.residual,
        physics=dict(task.physics.values),
        training={k: settings[k] for k in ("algorithm", "hyper_parameters", "reward", "randomise")},  # type: ignore[misc]  # JSON values
        seed=task.seed,
        scores={"frame_f1": best.marks.frame_f1, "note_f1_50ms": best.marks.note_f1},
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("dacapo", "numpy", "mujoco", "jax", "flax")},
        },
    )
