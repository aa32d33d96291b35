"""What a training run and its bundle tell of how they came about."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.bundle import Bundle, feature_sizes
from policies.features import Part
from policies.learning.algorithms import Algorithm
from policies.learning.loop import BestPolicy
from policies.learning.task import Task
from policies.planner import Plan
from score import CONTROL_STEP_S

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


def settings_of(task: Task, algorithm: Algorithm, part: Part) -> dict[str, object]:
    """Everything that shapes a run, as JSON values.

    Args:
        task: what is trained.
        algorithm: its algorithm, with what the task changes of it.
        part: the song and its plan, as policies see them.
    """
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


def make_bundle(
    task: Task, algorithm: Algorithm, part: Part, plan: Plan, *, best: BestPolicy
) -> Bundle:
    """The best policy of a run as a bundle that tells what it is of.

    Args:
        task: what was trained.
        algorithm: its algorithm, with what the task changes of it.
        part: the song and its plan, as the policy sees them.
        plan: the plan itself.
        best: of the run.
    """
    rig = task.physics.rig
    settings = settings_of(task, algorithm, part)
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
