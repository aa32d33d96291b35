"""What is fitted, to what, and what judges it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.recordings import Recording
from calibration.residuals import FREE, FreeParameters, Objective, Segment, choose, segments_of
from calibration.residuals.scales import Scales
from calibration.study.one_rig import check_one_rig
from calibration.study.problem import Problem
from sim import PhysicsParameters, Rig

Floats = NDArray[np.float64]

FIRST_PART = 3
"""Every third segment is replayed first, to see whether the others are worth it."""


@dataclass(frozen=True, eq=False)
class Case:
    """Recordings made ready for a study.

    Attributes:
        free: What is fitted, around what was known before.
        training: Segments to learn from.
        whole: Objective over all of them.
        problem: The same in two parts.
        judging: Segments that nothing is learned from.
        held_out: Objective over these.
        silent: Recordings that were left out for they hold no key event.
    """

    free: FreeParameters
    training: tuple[Segment, ...]
    whole: Objective
    problem: Problem
    judging: tuple[Segment, ...]
    held_out: Objective
    silent: tuple[str, ...]

    def name(self, seed: int, trials: int) -> str:
        """Of the study: the same for the same recordings, parameters and settings."""
        free, known = self.free, self.free.center.values
        texts = [free.rig.hash, *free.names, str(free.bounds.tolist()), str(sorted(known.items()))]
        texts.append(str(free.center_state_delay_s))
        digest = hashlib.sha256(repr((texts, seed, trials)).encode())
        for segment in self.training:
            for array in (segment.positions, segment.targets, segment.event_time_s):
                digest.update(np.ascontiguousarray(array).tobytes())
        return f"{free.rig.name}-{digest.hexdigest()[:12]}"


def make_case(
    recordings: Sequence[Recording],
    rig: Rig,
    *,
    names: Sequence[str] = FREE,
    previous: PhysicsParameters | None = None,
    previous_state_delay_s: float = 0.0,
    seed: int = 0,
    threads: int = 0,
    workers: int = 1,
) -> Case:
    """Cut recordings into segments to learn from and segments to judge by.

    A recording without any key event is left out if others have some: a song that was never hit.

    Args:
        recordings: Of the rig.
        rig: What was recorded.
        names: What to fit.
        previous: What was known before; the rig's own parameters if None.
        previous_state_delay_s: Age of the joint states that goes with it [s].
        seed: Of the choice of segments.
        threads: Number of threads, 0 for one a core.
        workers: Processes that share them during the search; least squares has them all.

    Raises:
        CalibrationError: Nothing can be learned from these recordings, or they are of different
            rigs; says why.
        InvalidRecordingError: A recording cannot be trusted.
    """
    if not recordings:
        raise CalibrationError("no recordings to calibrate with: name at least one")
    check_one_rig(recordings)
    sounding = [r for r in recordings if len(r.events.time_ns)]
    silent = [r for r in recordings if not len(r.events.time_ns)] if sounding else []
    used = sounding or recordings
    segments = [segment for recording in used for segment in segments_of(recording, rig)]
    training, held_out = choose(segments, seed=seed)
    free = FreeParameters.of(rig, names, previous, previous_state_delay_s)
    scales = Scales.of(rig, training)
    whole = Objective(rig, training, free, threads, scales)
    return Case(
        free,
        training,
        whole,
        _in_two_parts(training, whole, shared(threads, workers)),
        held_out,
        Objective(rig, held_out, free, threads, scales),
        tuple(str(recording.folder) for recording in silent),
    )


def shared(threads: int, workers: int) -> int:
    """Threads of each of some processes.

    Args:
        threads: Of all of them, 0 for one a core.
        workers: How many processes.
    """
    return max((threads or os.cpu_count() or 1) // workers, 1)


def _in_two_parts(training: Sequence[Segment], whole: Objective, threads: int) -> Problem:
    first, rest = training[::FIRST_PART], [s for s in training if s not in training[::FIRST_PART]]
    if not all(any(s.compared_events.any() for s in part) for part in (first, rest)):
        return Problem.of(whole, None, whole.free.start)
    parts = [
        Objective(whole.free.rig, part, whole.free, threads, whole.scales) for part in (first, rest)
    ]
    return Problem.of(parts[0], parts[1], whole.free.start)
