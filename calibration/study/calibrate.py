"""Calibration: recordings in; physics parameters, their intervals and a verdict out."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.recordings import Recording
from calibration.report import write_report
from calibration.residuals import FREE, gap_of
from calibration.study.case import Case, make_case, shared
from calibration.study.clock import Clock, Progress
from calibration.study.earlier import case_beside
from calibration.study.fit import Fit
from calibration.study.helpers import Order, help_out, with_helpers
from calibration.study.intervals import Certainty, as_written, certainty, intervals_of
from calibration.study.ledger import Ledger
from calibration.study.lock import lead
from calibration.study.result import Calibration, Judgement, place_of, write_calibration
from sim import PhysicsParameters, Rig

Floats = NDArray[np.float64]

TRIALS = 200
"""Trials of a study, unless said otherwise."""


def calibrate(
    recordings: Sequence[Recording],
    rig: Rig,
    *,
    out: Path,
    trials: int = TRIALS,
    seed: int = 0,
    study: str | None = None,
    previous: PhysicsParameters | None = None,
    previous_state_delay_s: float = 0.0,
    on_progress: Callable[[Progress], None] = lambda _: None,
    names: Sequence[str] = FREE,
    budget_s: float | None = None,
    workers: int = 1,
    threads: int = 0,
) -> Calibration:
    """Fit the simulator to recordings, and write parameters and a report.

    The same recordings, parameters and settings continue the same study; apart from a wall-clock
    budget, nothing in the result depends on when or how often it was interrupted.

    Args:
        recordings: Of the rig.
        rig: What was recorded.
        out: The parameters file, YAML; its report is beside it, `.html`. A fit that is worse than
            what was known before is written to `<name>.rejected.yaml` instead.
        trials: About how many trials the search takes.
        seed: Of everything that is drawn.
        study: Path of the journal file, or URL of the database; `<out>.study` if None.
        previous: What was known before; if None, what `out` holds, or the rig's own parameters. A
            file that this very study wrote is not that: it goes on as it began.
        previous_state_delay_s: Age of the joint states that goes with it [s].
        on_progress: Is told how far it is.
        names: What to fit; `joint_offset:` stands for all finger joints.
        budget_s: Wall-clock seconds after which search and least squares end; None for no limit.
        workers: Processes that evaluate trials.
        threads: Number of threads that they share, 0 for one a core.

    Returns:
        What was found.

    Raises:
        CalibrationError: Nothing can be learned from these recordings, the study file is damaged,
            another process leads it, or `out` holds other parameters than `previous`.
        InvalidRecordingError: A recording cannot be trusted.
        ParameterError: `out` is there and no parameters file of the rig.
        OSError: A file cannot be written.
    """
    clock = Clock(budget_s, on_progress)

    def make(known: PhysicsParameters | None) -> Case:
        return make_case(
            recordings,
            rig,
            names=names,
            previous=known,
            previous_state_delay_s=previous_state_delay_s,
            seed=seed,
            threads=threads,
            workers=workers,
        )

    case = case_beside(out, rig, previous, make, lambda case: case.name(seed, trials))
    place, name = study or str(out.with_suffix(".study")), case.name(seed, trials)
    with _leading(place):
        ledger = Ledger(place, name, case.free.names)
        folders = tuple(recording.folder for recording in recordings)
        known = (case.free.center, case.free.center_state_delay_s)
        order = Order(place, name, folders, case.free.names, *known, seed, shared(threads, workers))
        with with_helpers(order, workers - 1):
            fit = Fit(case, ledger, clock, seed, workers).run(trials)
            sure = as_written(case.free, certainty(fit))
        ledger.finish()
        result = _conclude(case, sure, out, ledger.finished, clock)
    previous_values = case.free.center.values
    write_calibration(result, _hashes(recordings), f"{name} in {place}", seed, previous_values)
    write_report(result, case, sure)
    return result


def join(
    recordings: Sequence[Recording],
    rig: Rig,
    *,
    study: str,
    out: Path,
    trials: int = TRIALS,
    seed: int = 0,
    previous: PhysicsParameters | None = None,
    names: Sequence[str] = FREE,
    threads: int = 0,
    on_trials: Callable[[int], bool] = lambda _: True,
) -> int:
    """Help with the trials of a calibration that runs elsewhere, until its search is finished.

    Args:
        recordings: The same as there.
        rig: The same.
        study: Path of its journal file, or URL of its database.
        out: The parameters file that it writes, or a copy: it may hold what was known before.
        trials: The same.
        seed: The same.
        previous: The same.
        names: The same.
        threads: Number of threads, 0 for one a core.
        on_trials: Is told how many were evaluated here so far; False ends it.

    Returns:
        How many trials were evaluated here.

    Raises:
        CalibrationError: No such calibration runs there, or nothing can be learned.
        InvalidRecordingError: A recording cannot be trusted.
        ParameterError: `out` is there and no parameters file of the rig.
    """

    def make(known: PhysicsParameters | None) -> Case:
        return make_case(recordings, rig, names=names, previous=known, seed=seed, threads=threads)

    case = case_beside(out, rig, previous, make, lambda case: case.name(seed, trials))
    ledger = Ledger(study, case.name(seed, trials), case.free.names, begin=False)
    return help_out(ledger, case, on_trials)


@contextlib.contextmanager
def _leading(place: str) -> Iterator[None]:
    if "://" in place:  # a database has no lock that dies with its process
        yield
        return
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = lead(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _conclude(case: Case, sure: Certainty, out: Path, trials: int, clock: Clock) -> Calibration:
    """Judge a fit on what nothing was learned from; new replaces old only if it errs less there."""
    free = case.free
    case.held_out.scales = case.whole.scales
    delay = free.state_delay_s(sure.point)
    # Parameters files say nothing of the state delay: what was known gets the better of two.
    known = [_judge(case, free.center, s) for s in (free.center_state_delay_s, delay)]
    before = min(known, key=lambda judgement: judgement.cost)
    parameters = free.parameters(sure.point)
    after = _judge(case, parameters, delay)
    accepted = after.cost < before.cost
    return Calibration(
        parameters=parameters,
        intervals=intervals_of(free, sure),
        identifiable=_named(free.names, sure.identifiable),
        on_bound=_named(free.names, sure.on_bound),
        judged_before=before,
        judged_after=after,
        accepted=accepted,
        trials=trials,
        wall_s=clock.spent_s,
        state_delay_s=delay,
        path=place_of(out, accepted),
        silent=case.silent,
        beyond=free.beyond,
    )


def _judge(case: Case, parameters: PhysicsParameters, state_delay_s: float) -> Judgement:
    """Parameters as they are: a file may hold what lies beyond the bounds of the fit."""
    replays = case.held_out.replay(parameters, state_delay_s)
    gap = None if replays is None else gap_of(replays)
    return Judgement(case.held_out.cost_of(replays), gap)


def _named(names: Sequence[str], which: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, is_so in zip(names, which, strict=True) if is_so)


def _hashes(recordings: Sequence[Recording]) -> dict[str, str]:
    """SHA-256 of each recording's messages."""
    return {
        str(recording.folder): hashlib.sha256(
            b"".join(path.read_bytes() for path in sorted(recording.folder.glob("*.mcap")))
        ).hexdigest()
        for recording in recordings
    }
