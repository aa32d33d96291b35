"""Training a song's policy for what is believed of the rig."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.loop.knowledge import Knowledge
from calibration.loop.setup import Song
from policies.evaluation import evaluate
from policies.library import load_policy
from sim import Randomisation, build_model

if TYPE_CHECKING:
    from policies.learning.loop import Progress as Learned

SEED = 0


@dataclass(frozen=True)
class Lesson:
    """One training.

    Attributes:
        song: What to learn.
        known: What is believed of the rig's physics.
        steps: Control steps.
        warm_start: The bundle to begin from.
        randomisation: What to draw physics from, if not from all that `known` leaves open; one
            without ranges is none.
    """

    song: Song
    known: Knowledge
    steps: int
    warm_start: Path | None = None
    randomisation: Randomisation | None = None


def train_song(lesson: Lesson, folder: Path, on_progress: Callable[[Learned], None]) -> Path:
    """Train a policy by counted steps: the same arguments give the same bundle.

    Args:
        lesson: What to train.
        folder: Of the run; a training that was killed there goes on.
        on_progress: Is told how far it is.

    Returns:
        The bundle.

    Raises:
        PolicyError: It cannot be trained.
    """
    # JAX takes seconds to import, and `dacapo iterate --help` needs none of it.
    from policies.learning.task import Task  # noqa: PLC0415
    from policies.learning.train import train  # noqa: PLC0415

    drawn = lesson.randomisation or lesson.known.randomisation()
    task = Task(
        goals=lesson.song.goals,
        physics=lesson.known.parameters,
        randomise=0.0,
        randomisation=drawn if drawn.ranges else None,
        budget_s=math.inf,
        total_steps=lesson.steps,
        warm_start=lesson.warm_start,
        seed=SEED,
    )
    return train(task, folder, on_progress).bundle


def simulated_f1(song: Song, bundle: Path, known: Knowledge, episodes: int) -> float:
    """Mean frame F1 of a bundle in the simulator that is believed in.

    Args:
        song: What it plays.
        bundle: What plays.
        known: What is believed of the rig's physics.
        episodes: How often.
    """
    model = known.parameters.apply(build_model(known.parameters.hand_rig))
    policy = load_policy(str(bundle), model, song.goals)
    return evaluate(policy, model, song.goals, episodes, seed=SEED).frame_f1
