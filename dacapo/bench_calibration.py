"""`dacapo bench calibration`: trials per second of a study, its journal included."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dacapo.inputs import load_model
from dacapo.output import print_json, print_table
from dacapo.progress import LiveLine, bar
from dacapo.verbs import DEFAULT_RIG

if TYPE_CHECKING:
    from calibration.study.problem import Problem

SONGS = ("ode_to_joy", "happy_birthday", "twinkle_twinkle_little_star")
RECORDING_S = 30.0
POPULATION = 16


def bench_calibration(arguments: argparse.Namespace) -> int:
    """Measures whole replays, nothing pruned, of 30 s of three songs in the nominal world."""
    with LiveLine() as line, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        line.show("playing three songs to calibrate with")
        problem, seconds = _problem(folder, arguments.threads)
        measured = []
        for repeat in range(arguments.repeats):
            line.show(f"{bar(repeat / arguments.repeats)} trials")
            measured.append(_measure(folder / f"{repeat}.study", problem))
    rates, cpu_ms, journal_ms = zip(*measured, strict=True)
    result = {
        "rig": DEFAULT_RIG,
        "recording_s": round(seconds, 1),
        "threads": arguments.threads,
        "trials_per_s": round(statistics.median(rates), 2),
        "range": [round(min(rates), 2), round(max(rates), 2)],
        "cpu_ms_per_trial": round(statistics.median(cpu_ms), 1),
        "journal_ms_per_trial": round(statistics.median(journal_ms), 2),
    }
    _report(result, arguments)
    return 0


def _report(result: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json(result)
    else:
        print_table(tuple(result), [tuple(result.values())])


def _problem(folder: Path, threads: int) -> tuple[Problem, float]:
    """What to replay, and how many seconds of it there are."""
    from calibration.recordings import read_recording
    from calibration.residuals import FreeParameters, Objective, choose, segments_of
    from calibration.study.problem import Problem
    from calibration.virtual import play_virtual
    from hardware.world import load_world

    model, world = load_model(DEFAULT_RIG, None), load_world("nominal")
    segments = []
    for song in SONGS:
        run = play_virtual(song, model=model, policy="planner", world=world, out=folder)[1]
        segments += segments_of(read_recording(run), model.rig)
    training, _ = choose(segments, longest_s=RECORDING_S)
    objective = Objective(model.rig, training, FreeParameters.of(model.rig), threads)
    return Problem(objective, None, 1.0), sum(segment.duration_s for segment in training)


def _measure(place: Path, problem: Problem) -> tuple[float, float, float]:
    """Trials per second, processor time and time for the journal per trial [ms]."""
    import numpy as np

    from calibration.study.ledger import Ledger, Place
    from calibration.study.trials import work_off

    points = np.random.default_rng(0).uniform(0.4, 0.6, (POPULATION, len(problem.names)))
    ledger = Ledger(str(place), "bench", problem.names)
    started_s, cpu_s = time.perf_counter(), time.process_time()
    ledger.post(Place("whole", 0), points)
    work_off(ledger, problem, POPULATION)
    whole_s, cpu_s = time.perf_counter() - started_s, time.process_time() - cpu_s
    started_s = time.perf_counter()
    ledger.post(Place("journal", 0), points)
    for task in ledger.take(POPULATION):
        ledger.tell(task, 1.0, 1.0)
    journal_s = time.perf_counter() - started_s
    return POPULATION / whole_s, 1e3 * cpu_s / POPULATION, 1e3 * journal_s / POPULATION
