"""The study: stages find, trials survive kill -9, damaged files are refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import CalibrationError
from calibration.residuals import FreeParameters
from calibration.study.divisions import best_division, delay_columns
from calibration.study.intervals import Certainty, as_written, intervals_of
from calibration.study.ledger import Ledger, Place, Results
from calibration.study.lock import lead
from calibration.study.problem import Problem
from calibration.study.stages import Stage, plan_stages, trials_of
from calibration.study.trials import run_population, run_stage, work_off
from sim import load_rig
from tests.unit.calibration.oscillator import NAMES, TRUTH, Oscillator

MIDDLE = np.full(4, 0.5)
STAGES = (
    Stage("delay", (2,), 4, 6, None),
    Stage("all", (0, 1, 2), 24, 8, 0.2),
)
ROOT = Path(__file__).resolve().parents[3]


def make_problem() -> Problem:
    return Problem.of(Oscillator(0.0, 2.0), Oscillator(2.0, 4.0), MIDDLE)


def run_all(place: Path, problem: Problem) -> tuple[np.ndarray, float]:
    ledger, best = Ledger(str(place), "s", NAMES), (MIDDLE, np.inf)
    for stage in STAGES:
        best = run_stage(ledger, problem, stage, best, seed=3)
    return best


def test_stages_come_near_the_truth_and_never_lose_what_they_had(tmp_path: Path) -> None:
    problem = make_problem()
    point, cost = run_all(tmp_path / "study", problem)
    assert np.abs(point - TRUTH)[:3].max() < 0.05  # it began up to 0.2 away
    assert point[3] == 0.5  # no stage searched it
    start = problem.costs(MIDDLE[None], np.array([np.inf]))[0][1]
    assert start is not None
    assert cost < 0.2 * start


def test_pruning_spares_the_rest_of_bad_trials(tmp_path: Path) -> None:
    first, rest = Oscillator(0.0, 2.0), Oscillator(2.0, 4.0)
    run_all(tmp_path / "study", Problem.of(first, rest, MIDDLE))
    assert 0.3 * first.replayed < rest.replayed < 0.8 * first.replayed


def test_a_study_goes_on_where_it_was_and_ends_the_same(tmp_path: Path) -> None:
    whole = run_all(tmp_path / "whole", make_problem())
    lines = (tmp_path / "whole").read_bytes().splitlines(keepends=True)
    for kept in (0.1, 0.43, 0.8):
        cut = tmp_path / f"cut{kept}"
        cut.write_bytes(b"".join(lines[: int(kept * len(lines))]) + lines[-1][:20])
        problem = make_problem()
        assert isinstance(problem.first, Oscillator)
        before = problem.first.replayed
        done = Ledger(str(cut), "s", NAMES).finished
        again = run_all(cut, problem)
        assert np.array_equal(again[0], whole[0])
        assert again[1] == whole[1]
        everything = sum(stage.populations * stage.population for stage in STAGES)
        assert problem.first.replayed - before == everything - done


_ENDLESS = """
import sys, numpy as np
from tests.unit.calibration.test_study import Ledger, MIDDLE, NAMES, Stage, make_problem, run_stage
stage = Stage("all", (0, 1, 2), 10**6, 8, 0.2)
run_stage(Ledger(sys.argv[1], "s", NAMES), make_problem(), stage, (MIDDLE, np.inf), 0)
"""


def test_kill_loses_no_finished_trial_and_leaves_no_lock(tmp_path: Path) -> None:
    study = tmp_path / "study"
    process = subprocess.Popen([sys.executable, "-c", _ENDLESS, str(study)], cwd=ROOT)
    finished = b'"state":1'
    deadline = time.monotonic() + 300
    while not study.exists() or study.read_bytes().count(finished) < 20:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    complete = study.read_bytes().count(finished)
    started = time.monotonic()
    ledger = Ledger(str(study), "s", NAMES)
    assert ledger.finished >= complete >= 20
    run_stage(ledger, make_problem(), STAGES[1], (MIDDLE, np.inf), 0)
    assert time.monotonic() - started < 15  # Optuna's own lock would make us wait for 30 s


def test_each_trial_is_taken_by_one(tmp_path: Path) -> None:
    here, there = (Ledger(str(tmp_path / "study"), "s", NAMES) for _ in range(2))
    here.post(Place("x", 0), np.tile(MIDDLE, (6, 1)))
    mine, theirs = here.take(4), there.take(4)
    assert len(mine) == 4
    assert len(theirs) == 2
    assert not {t.trial_id for t in mine} & {t.trial_id for t in theirs}
    here.give_up(Place("x", 0))  # both died
    while work_off(there, make_problem(), 4):
        pass
    here.tell(mine[0], 1.0, 1.0)  # it had not died, it was slow: nobody minds
    results = here.results(Place("x", 0), 6)
    assert results is not None
    assert len(set(results.values)) == 1


def test_a_place_has_one_leader(tmp_path: Path) -> None:
    descriptor = lead(tmp_path / "study")
    with pytest.raises(CalibrationError, match="another process"):
        lead(tmp_path / "study")
    os.close(descriptor)
    os.close(lead(tmp_path / "study"))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_study_is_refused_or_right(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Damaged anywhere: what can still be read of it gives the same, evaluated anew or not."""
    study = tmp_path_factory.mktemp("damaged") / "study"
    before = run_three(study)
    content = bytearray(study.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    how_many = data.draw(st.integers(1, 40))
    content[at : at + how_many] = data.draw(st.binary(max_size=40))
    study.write_bytes(content)
    try:
        after = run_three(study)
    except CalibrationError:
        return
    for name, values in vars(before).items():  # alone or with others: the last bits of a mean
        np.testing.assert_allclose(vars(after)[name], values, rtol=1e-13)


def run_three(study: Path) -> Results:
    """A population of three, one of them pruned, and a pass of least squares."""
    ledger, problem = Ledger(str(study), "s", NAMES), make_problem()
    points = np.linspace(0.3, 0.6, 12).reshape(3, 4)
    limit = 1.01 * float(np.median(problem.first.cost(points)))
    results = run_population(ledger, problem, Place("x", 0), points, prune_above=limit)
    ledger.record(Place("polish", 0), TRUTH, 1.25)
    polished = ledger.results(Place("polish", 0), 1)
    assert polished is not None
    joined = zip(vars(results).values(), vars(polished).values(), strict=True)
    return Results(*(np.concatenate(pair) for pair in joined))


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ('"stiffness":0.3,', '"stiffness":0.2,'),
        ('"index":1', '"index":2'),
        ('"prune_above":1', '"prune_above":2'),
        ('"intermediate_value":1', '"intermediate_value":2'),
        ('"state":1,"values":[1', '"state":1,"values":[2'),
        ('"state":2', '"state":1'),
        ('"value":1.25', '"value":1.35'),
    ],
)
def test_a_changed_digit_is_refused(tmp_path: Path, written: str, changed: str) -> None:
    study = tmp_path / "study"
    run_three(study)
    text = study.read_text()
    assert written in text
    study.write_text(text.replace(written, changed, 1))
    with pytest.raises(CalibrationError, match="damaged"):
        Ledger(str(study), "s", NAMES)


def test_what_reads_as_failed_is_evaluated_again(tmp_path: Path) -> None:
    study = tmp_path / "study"
    before = run_three(study)
    study.write_text(study.read_text().replace('"state":1', '"state":3'))
    np.testing.assert_allclose(run_three(study).values, before.values, rtol=1e-13)


def test_a_study_without_checksums_is_refused(tmp_path: Path) -> None:
    study = tmp_path / "study"
    run_three(study)
    study.write_text(study.read_text().replace("result_crc32", "other"))
    with pytest.raises(CalibrationError, match="not of this version of Da Capo"):
        run_three(study)


def test_another_kind_of_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary")
    with pytest.raises(CalibrationError, match="damaged"):
        Ledger(str(path), "s", NAMES)
    assert path.read_text() == "dear diary"


def test_a_database_that_is_not_there_is_one_line() -> None:
    with pytest.raises(CalibrationError, match="database") as caught:
        Ledger("sqlite:////nowhere/at/all.db", "s", NAMES)
    assert "\n" not in str(caught.value)


def test_a_database_works_as_a_file_does(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/study.db", "s", NAMES)
    best = run_stage(ledger, make_problem(), STAGES[0], (MIDDLE, np.inf), 3)
    again = Ledger(f"sqlite:///{tmp_path}/study.db", "s", NAMES)
    problem = make_problem()
    assert isinstance(problem.first, Oscillator)
    before = problem.first.replayed
    assert run_stage(again, problem, STAGES[0], (MIDDLE, np.inf), 3)[1] == best[1]
    assert problem.first.replayed == before


def test_the_plan_searches_every_entry_and_keeps_the_budget() -> None:
    entries = ("command_delay_s", "keyboard_z_m", "joint_offset:a", "key_stiffness_nm_per_rad", "x")
    stages = plan_stages(entries, 400)
    assert [(stage.name, stage.columns) for stage in stages] == [
        ("delays", (0, 1)),
        ("gains", (2, 3)),
        ("contact", (4,)),
        ("all", (0, 1, 2, 3, 4)),
    ]
    assert abs(trials_of(stages) - 400) < 30
    assert [stage.name for stage in plan_stages(("x",), 10)] == ["contact", "all"]


FREE = FreeParameters.of(load_rig("leap_rail_49"))


@settings(max_examples=50, deadline=None)
@given(total_s=st.floats(0.0, 0.12), share=st.floats(0.0, 1.0))
def test_the_best_division_of_a_delay_is_found(total_s: float, share: float) -> None:
    """A fit whose cost grows with the distance from the true division, all else at rest."""
    low_s, high_s = FREE.bounds[delay_columns(FREE)].T
    first_s, last_s = max(0.0, total_s - high_s[1]), min(high_s[0], total_s)
    true_s = first_s + share * (last_s - first_s)
    point, columns = np.full(FREE.size, 0.3), delay_columns(FREE)
    point[columns] = (np.array([last_s, total_s - last_s]) - low_s) / (high_s - low_s)
    looked: list[float] = []

    def solve(start: np.ndarray) -> tuple[np.ndarray, float]:
        delays_s = FREE.values(start)[columns]
        assert delays_s.sum() == pytest.approx(total_s, abs=1e-9)
        looked.append(delays_s[0])
        return start, abs(delays_s[0] - true_s)

    best = best_division(FREE, point, solve)
    found_s = FREE.values(best)[columns[0]]
    assert abs(found_s - true_s) <= max((last_s - first_s) / 16, 5e-4) + 1e-9
    assert len(looked) <= 10
    assert np.delete(best, columns) == pytest.approx(0.3)


def test_one_delay_alone_is_not_divided() -> None:
    free = FreeParameters.of(load_rig("leap_rail_49"), ["command_delay_s", "keyboard_z_m"])
    point = np.array([0.2, 0.6])
    assert best_division(free, point, lambda _: pytest.fail("nothing to divide")) is point


@settings(max_examples=50, deadline=None)
@given(trigger=st.floats(0.0, 1.0), release=st.floats(0.0, 1.0), half=st.floats(0.0, 0.2))
def test_a_report_says_of_the_release_point_what_the_file_says(
    trigger: float, release: float, half: float
) -> None:
    columns = [FREE.names.index(f"key_{name}_fraction") for name in ("trigger", "release")]
    point = FREE.start
    point[columns] = trigger, release
    low, high = np.clip(point - half, 0.0, 1.0), np.clip(point + half, 0.0, 1.0)
    nothing = np.zeros(FREE.size, np.bool_)
    sure = as_written(FREE, Certainty(point, low, high, nothing, nothing))
    told = FREE.values(sure.point)[columns[1]]
    written = FREE.parameters(point).values
    assert told == pytest.approx(written["key_release_fraction"], abs=1e-12)
    assert (sure.low <= sure.point).all()
    assert (sure.point <= sure.high).all()
    values = FREE.parameters(sure.point).values
    for name, (least, most) in intervals_of(FREE, sure).items():
        assert least <= values[name] <= most
