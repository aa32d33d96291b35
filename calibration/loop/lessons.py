"""Trainings as steps of the loop, as many side by side as there are cores."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.loop import folders
from calibration.loop.errors import LoopError
from calibration.loop.progress import OnProgress, Progress
from calibration.loop.state import State
from calibration.loop.training import Lesson, train_song
from policies.processes import open_processes

if TYPE_CHECKING:
    from policies.learning.loop import Progress as Learned

_TELL_S = 0.5

Marks = MutableSequence[float]
"""How far each lesson is, 0 to 1, then the best F1 of each."""

Tell = Callable[[Marks], None]


def train_all(
    state: State, stage: str, lessons: Sequence[Lesson], on_progress: OnProgress
) -> dict[str, Path]:
    """Train songs, each as a step of the loop; those that are trained stay as they are.

    What comes out does not depend on how many are trained at a time.

    Args:
        state: Of the loop.
        stage: Where in the loop.
        lessons: What to train; each of another song.
        on_progress: Is told how far all of them are.

    Returns:
        The bundles, by song.

    Raises:
        PolicyError: One cannot be trained.
        LoopError: A process was killed.
    """
    steps = {lesson.song.name: folders.training(stage, lesson.song.name) for lesson in lessons}
    left = {
        state.folder / steps[x.song.name]: x for x in lessons if steps[x.song.name] not in state
    }
    tell = partial(_tell, stage, [lesson.song.name for lesson in left.values()], on_progress)

    def bundle(step: str) -> dict[str, str]:
        return {"bundle": str(trained(state.folder / step).relative_to(state.folder))}

    with _training(left, tell) as trained:
        done = {song: state.once(step, partial(bundle, step)) for song, step in steps.items()}
    return {song: state.folder / facts["bundle"] for song, facts in done.items()}


@contextlib.contextmanager
def _training(lessons: Mapping[Path, Lesson], tell: Tell) -> Iterator[Callable[[Path], Path]]:
    """Gives the bundle trained in a folder, when it is done."""
    processes = min(len(lessons), os.cpu_count() or 1)
    if processes > 1:
        with _side_by_side(lessons, processes, tell) as trained:
            yield trained
    else:
        marks = [0.0] * (2 * len(lessons))
        places = list(lessons)

        def train(folder: Path) -> Path:
            def report(learned: Learned) -> None:
                _mark(marks, places.index(folder), learned)
                tell(marks)

            return train_song(lessons[folder], folder, report)

        yield train


@contextlib.contextmanager
def _side_by_side(
    lessons: Mapping[Path, Lesson], processes: int, tell: Tell
) -> Iterator[Callable[[Path], Path]]:
    marks: Marks = multiprocessing.get_context("spawn").RawArray("d", 2 * len(lessons))
    with open_processes(processes, _share, marks) as pool:
        under_way = {
            folder: pool.submit(_train, place, lesson, folder)
            for place, (folder, lesson) in enumerate(lessons.items())
        }
        yield lambda folder: _wait(under_way[folder], marks, tell)


def _wait(bundle: Future[Path], marks: Marks, tell: Tell) -> Path:
    while not wait([bundle], _TELL_S).done:
        tell(marks)
    try:
        return bundle.result()
    except BrokenProcessPool as error:
        raise LoopError(
            "a training was killed (out of memory?): --resume goes on with what is finished"
        ) from error


_shared: list[Marks] = []  # of a process that trains


def _share(marks: Marks) -> None:
    _shared.append(marks)


def _train(place: int, lesson: Lesson, folder: Path) -> Path:
    """What such a process does."""
    return train_song(lesson, folder, lambda learned: _mark(_shared[0], place, learned))


def _mark(marks: Marks, place: int, learned: Learned) -> None:
    marks[place] = min(learned.steps / learned.total_steps, 1.0)
    marks[len(marks) // 2 + place] = learned.frame_f1


def _tell(stage: str, songs: Sequence[str], on_progress: OnProgress, marks: Marks) -> None:
    shares, best = marks[: len(songs)], [f1 for f1 in marks[len(songs) :] if f1]
    what = songs[0] if len(songs) == 1 else f"{len(songs)} songs"
    note = f"best F1 {sum(best) / len(best):.3f}" if best else ""
    on_progress(Progress(stage.replace("-", " "), f"train {what}", sum(shares) / len(songs), note))
