"""Training a song's policy for what is believed of the rig."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.loop import folders
from calibration.loop.knowledge import Knowledge
from calibration.loop.progress import OnProgress, Progress
from calibration.loop.setup import Song
from calibration.loop.state import State
from policies.evaluation import evaluate
from policies.library import load_policy
from sim import Randomisation, build_model

if TYPE_CHECKING:
    from policies.learning.loop import Progress as Learned

SEED = 0


def train_song(
    song: Song,
    known: Knowledge,
    folder: Path,
    *,
    steps: int,
    warm_start: Path | None = None,
    randomisation: Randomisation | None = None,
    on_progress: Callable[[Learned], None] = lambda _: None,
) -> Path:
    """Train a policy by counted steps: the same arguments give the same bundle.

    Args:
        song: What to learn.
        known: What is believed of the rig's physics.
        folder: Of the run; a training that was killed there goes on.
        steps: Control steps.
        warm_start: The bundle to begin from.
        randomisation: What to draw physics from, if not from all that `known` leaves open; one
            without ranges is none.
        on_progress: Is told how far it is.

    Returns:
        The bundle.

    Raises:
        PolicyError: It cannot be trained.
    """
    # JAX takes seconds to import, and `dacapo iterate --help` needs none of it.
    from policies.learning.task import Task  # noqa: PLC0415
    from policies.learning.train import train  # noqa: PLC0415

    drawn = known.randomisation() if randomisation is None else randomisation
    task = Task(
        goals=song.goals,
        physics=known.parameters,
        randomise=0.0,
        randomisation=drawn if drawn.ranges else None,
        budget_s=math.inf,
        total_steps=steps,
        warm_start=warm_start,
        seed=SEED,
    )
    return train(task, folder, on_progress).bundle


def train_kept(
    state: State,
    stage: str,
    song: Song,
    known: Knowledge,
    *,
    steps: int,
    warm_start: Path | None = None,
    randomisation: Randomisation | None = None,
    on_progress: OnProgress,
) -> Path:
    """Train a policy as a step of the loop; see `train_song`.

    Args:
        state: Of the loop.
        stage: Where in the loop.
        song: What to learn.
        known: What is believed of the rig's physics.
        steps: Control steps.
        warm_start: The bundle to begin from.
        randomisation: What to draw physics from, if not from all that `known` leaves open.
        on_progress: Is told how far it is.

    Returns:
        The bundle.
    """
    name = folders.training(stage, song.name)

    def report(learned: Learned) -> None:
        share = min(learned.steps / learned.total_steps, 1.0)
        note = f"best F1 {learned.frame_f1:.3f}"
        on_progress(Progress(stage.replace("-", " "), f"train {song.name}", share, note))

    def do() -> dict[str, str]:
        bundle = train_song(
            song,
            known,
            state.folder / name,
            steps=steps,
            warm_start=warm_start,
            randomisation=randomisation,
            on_progress=report,
        )
        return {"bundle": str(bundle.relative_to(state.folder))}

    return state.folder / state.once(name, do)["bundle"]


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
