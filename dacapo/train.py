"""`dacapo train`: a policy for a song, learned in the simulator, as a bundle."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dacapo.extras import require_extra
from dacapo.inputs import check_writable, load_fitted, load_goals, load_playable, room_in
from dacapo.output import complain, print_json, print_table, remark
from dacapo.progress import LiveLine, bar
from dacapo.verbs import (
    Verbs,
    add_params_argument,
    add_rig_argument,
    add_verb,
    positive_float,
    positive_int,
    seed,
    width,
)

if TYPE_CHECKING:
    from policies.learning.loop import Progress
    from policies.learning.task import Task
    from policies.learning.train import Trained
    from score import Goals
    from sim import PlayableModel

OUT = Path("runs/train")
BUDGET_S = 180.0
TOO_SLOW = ("cpu",)
"""What MJX does run on, a hundred times slower than MuJoCo."""

EPILOG = f"""\
examples:
  dacapo train ode_to_joy
  dacapo train my_song.mid --budget-s 300
  dacapo train ode_to_joy --algorithm ppo --budget-s 900 --seed 1
  dacapo play ode_to_joy --policy {OUT}/leap_rail_49-ode_to_joy-residual-ppo-0/ode_to_joy.npz

Each song gets a folder DIR/<rig>-<song>-<algorithm>-<seed> with its bundle, checkpoint, learning
curve and TensorBoard log. Training ends when the song is perfect, all steps are done or the budget
is used up. A run that was stopped or killed goes on when the same command is given again; a
finished one goes on with a larger budget. What is printed was played by the bundle as written.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(verbs, "train", "train a policy for a song", EPILOG, run)
    parser.add_argument("songs", nargs="+", metavar="SONG|FILE.mid", help="what to learn")
    add_rig_argument(parser)
    add_params_argument(parser)
    parser.add_argument(
        "--algorithm",
        default="residual-ppo",
        metavar="NAME",
        help="residual-ppo (default), residual-droq, droq or ppo",
    )
    parser.add_argument(
        "--budget-s",
        type=positive_float,
        default=BUDGET_S,
        metavar="N",
        help="wall-clock seconds a song (default: %(default)g)",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--randomise",
        type=width,
        metavar="WIDTH",
        help="vary the physics: 1 for half the errors that users meet, 0.5 for half of that, 0 not "
        "at all (default: within the intervals of --params where it has any, else 1 for what "
        "corrects a plan, 0 from scratch)",
    )
    parser.add_argument("--reward", choices=("shaped", "published"), help="not the algorithm's own")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=("fingering", "starts"),
        help="leave out the fingering reward, or starts along the plan",
    )
    _add_two_hands(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="folder of training runs (default: %(default)s)",
    )


def _add_two_hands(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--simulator",
        choices=("mujoco", "mjx"),
        default="mujoco",
        help="mjx: play and learn on a GPU, two hands and PPO only (default: %(default)s)",
    )
    parser.add_argument(
        "--envs",
        type=positive_int,
        metavar="N",
        help="environments stepped together in mjx (default: the algorithm's)",
    )
    parser.add_argument(
        "--chunks",
        type=positive_float,
        metavar="STRETCH",
        help="two hands: a policy for each chunk of `dacapo dataset build --stretch STRETCH`",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the verb; checks what can be checked before anything is trained."""
    started_s = time.monotonic()
    require_extra("training", "train")
    _check_simulator(arguments)
    model = load_playable(arguments.rig, arguments.params)
    goals = _goals(arguments, model)
    check_writable(arguments.out)
    results: dict[str, Trained] = {}
    for song, due in goals.items():
        folder = arguments.out / _folder_name(model.rig.name, due.name, arguments)
        try:
            with room_in(folder):
                results[song] = _train(due, folder, arguments, started_s)
        except KeyboardInterrupt:
            return complain(f"stopped: the same command goes on from the last exam in {folder}")
        started_s = time.monotonic()
    if arguments.json:
        print_json({song: _document(of, arguments.algorithm) for song, of in results.items()})
    else:
        _print(results)
    return 0


def _goals(arguments: argparse.Namespace, model: PlayableModel) -> dict[str, Goals]:
    """What is to be learned, by the name to tell it by."""
    if arguments.chunks is None:
        return {song: load_goals(song, model) for song in arguments.songs}
    require_extra("--chunks", "dataset")
    from policies.dataset.chunks import load_chunks
    from score import DaCapoError
    from sim import PlayablePair

    if not isinstance(model, PlayablePair):
        raise DaCapoError(f"--chunks is for two hands, {arguments.rig} has one: leave it out")
    return {chunk.name: chunk.goals for chunk in load_chunks(arguments.songs, arguments.chunks)}


def _check_simulator(arguments: argparse.Namespace) -> None:
    """MJX needs its extra and a GPU; how many environments there are is a question there only."""
    from score import DaCapoError

    if arguments.simulator != "mjx":
        if arguments.envs is not None:
            raise DaCapoError("--envs is for --simulator mjx: leave it out")
        return
    require_extra("MJX", "mjx")
    import jax

    if (found := jax.default_backend()) in TOO_SLOW:
        raise DaCapoError(
            f"MJX is for GPUs, JAX finds only {found} here: leave out --simulator mjx, or run "
            ".venv/bin/python -m pip install 'jax[cuda12]>=0.10,<0.11'"
        )


def _folder_name(rig: str, song: str, arguments: argparse.Namespace) -> str:
    """The same for the same command, so that it finds what it began."""
    parts = [rig, song, arguments.algorithm]
    if arguments.params:
        parts.append(arguments.params.stem)
    if arguments.randomise is not None:
        parts.append(f"randomised-{arguments.randomise:g}")
    if arguments.reward:
        parts.append(arguments.reward)
    parts += [f"without-{name}" for name in sorted(set(arguments.without))]
    if arguments.simulator == "mjx":
        parts.append("mjx" if arguments.envs is None else f"mjx-{arguments.envs}")
    return "-".join([*parts, str(arguments.seed)])


def _train(goals: Goals, folder: Path, arguments: argparse.Namespace, started_s: float) -> Trained:
    with LiveLine() as line:
        line.show(f"{goals.name}  preparing: plan, simulators, compilation")
        from policies.learning.train import train

        def show(progress: Progress) -> None:
            line.show(_describe(goals.name, progress))

        def plan(share: float) -> None:
            line.show(f"{goals.name}  preparing: planning {bar(share)}, then compilation")

        trained = train(_task(goals, arguments), folder, show, started_s, plan)
    if trained.steps_before:
        remark(_history(trained, folder))
    return trained


def _task(goals: Goals, arguments: argparse.Namespace) -> Task:
    from policies.learning.task import Task
    from score import DaCapoError
    from sim import Randomisation

    known, width = load_fitted(arguments.rig, arguments.params), arguments.randomise
    if width is not None and not known.parameters.values:
        raise DaCapoError(f"{arguments.rig} has no physics to randomise: leave out --randomise")
    within = Randomisation.within(known.parameters, known.intervals)
    return Task(
        goals=goals,
        physics=known.parameters,
        algorithm=arguments.algorithm,
        randomise=width,
        randomisation=within if known.intervals and width is None else None,
        budget_s=arguments.budget_s,
        seed=arguments.seed,
        reward=arguments.reward,
        fingering="fingering" not in arguments.without,
        starts_along_plan="starts" not in arguments.without,
        simulator=arguments.simulator,
        n_envs=arguments.envs,
    )


def _describe(song: str, progress: Progress) -> str:
    """One line: how far, how fast, how good, how long still."""
    ahead = progress.left_s * progress.steps_per_s
    return (
        f"{song}  {bar(progress.steps / (progress.steps + ahead))} "
        f"{progress.steps / 1000:.0f}k steps, {progress.steps_per_s:.0f}/s, "
        f"best F1 {progress.frame_f1:.3f}, {progress.left_s:.0f} s left"
    )


def _history(trained: Trained, folder: Path) -> str:
    if trained.steps > trained.steps_before:
        return f"{folder}: went on from step {trained.steps_before}"
    return (
        f"{folder}: was finished at step {trained.steps}; a larger --budget-s goes on if there is "
        "something left to learn, without the folder training starts over"
    )


def _document(trained: Trained, algorithm: str) -> dict[str, object]:
    return {
        "bundle": str(trained.bundle),
        "algorithm": algorithm,
        "steps": trained.steps,
        "wall_s": round(trained.wall_s, 3),
        "frame_f1": trained.scores.frame_f1,
        "note_f1_50ms": trained.scores.note_f1_50ms,
    }


def _print(results: dict[str, Trained]) -> None:
    rows = [
        (
            song,
            f"{trained.scores.frame_f1:.3f}",
            f"{trained.scores.note_f1_50ms:.3f}",
            trained.steps,
            f"{trained.wall_s:.1f}",
            trained.bundle,
        )
        for song, trained in results.items()
    ]
    print_table(("song", "frame F1", "note F1 50 ms", "steps", "wall s", "bundle"), rows)
